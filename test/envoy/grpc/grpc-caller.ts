import { Client, type ClientDuplexStream, credentials, Metadata, type StatusObject } from "@grpc/grpc-js";
import { type GrpcEcho, textsOf } from "./grpc-backend.ts";

export interface GrpcAnswer {
  /** Of gRPC. */
  readonly code: number;
  readonly details: string;
  readonly echoes: readonly GrpcEcho[];
  /** Of the response's beginning. */
  readonly metadata: Readonly<Record<string, string>>;
}

const callTimeoutMs = 10_000;
const waitMaxMs = 15_000;

/** Calls methods of one host of a port, on one connection. */
export class GrpcCaller {
  readonly #client: Client;

  /** @param trusted the certificate, in PEM, of who signed the server's; without it in plain text */
  constructor(port: number, authority: string, trusted?: string) {
    const channel =
      trusted === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(trusted));
    this.#client = new Client(`127.0.0.1:${port}`, channel, {
      ...(trusted === undefined ? {} : { "grpc.ssl_target_name_override": authority }),
      "grpc.default_authority": authority,
      "grpc.enable_channelz": 0,
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /** @param path `/service/method` */
  stream(
    path: string,
    metadata: Readonly<Record<string, string>> = {},
  ): ClientDuplexStream<string, GrpcEcho> {
    const sent = new Metadata();
    for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
    return this.#client.makeBidiStreamRequest<string, GrpcEcho>(
      path,
      (message) => Buffer.from(message),
      (bytes) => JSON.parse(bytes.toString("utf8")) as GrpcEcho,
      sent,
      { deadline: Date.now() + callTimeoutMs },
    );
  }

  /** One message, and all that comes back; never throws. */
  call(path: string, metadata: Readonly<Record<string, string>> = {}): Promise<GrpcAnswer> {
    const stream = this.stream(path, metadata);
    const echoes: GrpcEcho[] = [];
    let begin: Record<string, string> = {};
    return new Promise((resolve) => {
      stream.on("metadata", (received: Metadata) => {
        begin = textsOf(received);
      });
      stream.on("data", (echo: GrpcEcho) => echoes.push(echo));
      stream.on("error", () => undefined);
      stream.on("status", ({ code, details }: StatusObject) =>
        resolve({ code, details, echoes, metadata: begin }),
      );
      stream.write("hello");
      stream.end();
    });
  }

  /** Calls until the answer is as wanted. @throws Error after 15 s */
  async until(wanted: (answer: GrpcAnswer) => boolean, path: string): Promise<GrpcAnswer> {
    const deadline = performance.now() + waitMaxMs;
    for (;;) {
      const answer = await this.call(path);
      if (wanted(answer)) return answer;
      if (performance.now() > deadline)
        throw new Error(`waited ${waitMaxMs} ms; the last answer: ${JSON.stringify(answer)}`);
    }
  }

  close(): void {
    this.#client.close();
  }
}
