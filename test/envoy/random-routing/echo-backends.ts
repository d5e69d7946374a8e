import { createServer as createHttp, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** What a backend saw of a request, as it answers it. */
export interface Echo {
  readonly backend: number;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: IncomingHttpHeaders;
}

interface EchoRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket: { readonly localPort?: number | undefined };
}

interface EchoResponse {
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
  end(body: string): unknown;
}

/** How a connection of HTTP/2 by prior knowledge begins. */
const preface = "PRI ";

/**
 * Servers that echo what they see, in HTTP/1.1 and in HTTP/2 in clear, each on a port of loopback. They end with the
 * test.
 * @returns their ports
 */
export async function startEchoBackends(
  test: TestContext,
  count: number,
  responseHeaders: Readonly<Record<string, string>>,
): Promise<number[]> {
  const echo = (request: EchoRequest, response: EchoResponse): void => {
    const { method = "", url: path = "", headers, socket } = request;
    const host = String(headers[":authority"] ?? headers.host ?? "");
    const seen: Echo = { backend: socket.localPort ?? 0, method, path, host, headers };
    response.writeHead(200, { ...responseHeaders, "content-type": "application/json" });
    response.end(JSON.stringify(seen));
  };
  const http = createHttp({ keepAliveTimeout: 60_000 }, echo);
  const http2 = createHttp2(echo);
  const ports: number[] = [];
  for (let made = 0; made < count; made++) ports.push(await listen(test, { http, http2 }));
  return ports;
}

async function listen(
  test: TestContext,
  { http, http2 }: { readonly http: Server; readonly http2: Server },
): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.once("readable", () => {
      const first: Buffer | null = socket.read();
      if (first === null) return;
      socket.unshift(first);
      (first.toString("latin1", 0, preface.length) === preface ? http2 : http).emit("connection", socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
