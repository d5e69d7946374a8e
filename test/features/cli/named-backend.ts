import { createServer, type Server } from "node:http";

export interface NamedBackend {
  readonly name: string;
  readonly port: number;
  close(): Promise<void>;
}

/** A server on a free loopback port that answers its name, or what `answer` makes of the request line. */
export async function startNamedBackend(
  name: string,
  answer: (requestLine: string) => string = () => name,
): Promise<NamedBackend> {
  const server: Server = createServer((request, response) =>
    response.end(answer(`${request.method} ${request.url}`)),
  );
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    name,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const backend = await startNamedBackend("");
  await backend.close();
  return backend.port;
}
