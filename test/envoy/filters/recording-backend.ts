import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly bytes: number;
}

/** A server that remembers what it received, in order, and answers as it is told. */
export interface RecordingBackend {
  readonly received: Received[];
  /** Loopback port; 0 of a unix domain socket. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on a free loopback port, or on a socket's path.
 * @param answer given what came and how many requests of that path came before
 */
export async function startRecordingBackend(
  answer: (received: Received, before: number, response: ServerResponse) => void,
  path?: string,
): Promise<RecordingBackend> {
  const received: Received[] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const before = counts.get(url) ?? 0;
      counts.set(url, before + 1);
      const one = { method, path: url, headers, bytes };
      received.push(one);
      answer(one, before, response);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) =>
    path === undefined ? server.listen(0, "127.0.0.1", resolve) : server.listen(path, resolve),
  );
  const address = server.address();
  return {
    received,
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
