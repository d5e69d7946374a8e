import type { ApiBus, ApiBusReply, ApiBusService } from "@routeledger/api";
import { type JsonObject, utf8 } from "@routeledger/std";

export interface BusAnswer {
  readonly body: JsonObject;
  readonly error: ApiBusReply["error"];
}

/** A bus in memory: whoever serves a subject last answers it. */
export class FakeBus implements ApiBus {
  readonly #served = Promise.withResolvers<ApiBusService>();
  stopped = false;

  async serve(service: ApiBusService): Promise<{ stop(): Promise<void> }> {
    this.#served.resolve(service);
    return {
      stop: async () => {
        this.stopped = true;
      },
    };
  }

  /** Waits until the subject is served. A string goes as it stands, anything else as JSON. */
  async request(subject: string, body: unknown, headers: Record<string, string> = {}): Promise<BusAnswer> {
    const { endpoints } = await this.#served.promise;
    const endpoint = endpoints.find((one) => one.subject === subject);
    if (endpoint === undefined) throw new Error(`nobody serves ${subject}`);
    const bytes = utf8(typeof body === "string" ? body : JSON.stringify(body));
    const reply = await endpoint.handle({ body: bytes, header: (name) => headers[name] });
    return { body: JSON.parse(Buffer.from(reply.body).toString("utf8")) as JsonObject, error: reply.error };
  }
}
