import { headers as newHeaders, type ServiceMsg } from "nats";
import type { NatsLink } from "./nats-link.ts";

/** Messages between processes over core NATS: at most once, any of them may be lost. */
export interface NatsBus {
  /** Lost when there is no connection. */
  publish(subject: string, body: Uint8Array): void;
  /** Calls back until the function that it returns is called; goes on over reconnects. */
  subscribe(subject: string, heard: (body: Uint8Array) => void): () => void;
  /** Answers requests as a service of the NATS service framework: found by `nats service list`, shared by all that serve it. */
  serve(service: BusService): Promise<{ stop(): Promise<void> }>;
}

export interface BusService {
  /** Letters, digits, `-` and `_`. */
  readonly name: string;
  /** Such as `1.2.3`. */
  readonly version: string;
  readonly description: string;
  readonly endpoints: readonly {
    readonly name: string;
    readonly subject: string;
    /** What it throws is answered as error 500 without its text. */
    handle(request: BusRequest): Promise<BusReply>;
  }[];
}

export interface BusRequest {
  readonly body: Uint8Array;
  /** A header of the request; the name as it was sent. */
  header(name: string): string | undefined;
}

export interface BusReply {
  readonly body: Uint8Array;
  /** Sent as the headers `Nats-Service-Error-Code` and `Nats-Service-Error`, beside the body. */
  readonly error?: { readonly code: number; readonly description: string };
}

type Handle = BusService["endpoints"][number]["handle"];

export function createBus(link: NatsLink): NatsBus {
  return {
    publish: (subject, body) => {
      if (link.connected) link.publish(subject, body);
    },
    subscribe: (subject, heard) => link.listen(subject, ({ data }) => heard(new Uint8Array(data))),
    serve: async ({ name, version, description, endpoints }) => {
      const service = await link.connection.services.add({ name, version, description });
      for (const endpoint of endpoints) {
        service.addEndpoint(endpoint.name, {
          subject: endpoint.subject,
          handler: (error, message) => {
            if (!error) void answer(endpoint.handle, message);
          },
        });
      }
      return { stop: async () => void (await service.stop()) };
    },
  };
}

async function answer(handle: Handle, message: ServiceMsg): Promise<void> {
  const request = {
    body: new Uint8Array(message.data),
    header: (name: string) => message.headers?.get(name) || undefined,
  };
  const reply = await handle(request).catch((): BusReply => {
    return { body: new Uint8Array(0), error: { code: 500, description: "internal error" } };
  });
  const { body, error } = reply;
  if (!error) return void message.respond(body);
  message.respondError(error.code, error.description, body, { headers: newHeaders() });
}
