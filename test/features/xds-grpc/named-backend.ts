import type { TestContext } from "node:test";
import { Server, ServerCredentials } from "@grpc/grpc-js";

/** Of the service of all backends: answers with the backend's name. */
export const method = "/test.Names/Say";

export interface NamedBackend {
  readonly name: string;
  readonly port: number;
  /** Ends it and its connections at once. Idempotent. */
  stop(): void;
}

/** A gRPC server that says its name. Ends with the test. */
export async function startBackend(test: TestContext, name: string): Promise<NamedBackend> {
  const server = new Server();
  const definition = {
    path: method,
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  } as const;
  server.addService(
    { Say: definition },
    { Say: (_: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, Buffer.from(name)) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const stop = (): void => server.forceShutdown();
  test.after(stop);
  return { name, port, stop };
}
