import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import type { Server as NetServer } from "node:net";
import { echoWebSockets } from "./echo-websocket.ts";

/** Who answers: what the official suite's echo server knows of itself from its pod. */
export interface EchoPod {
  readonly namespace: string;
  readonly service: string;
  /** `<deployment>-<hash>-<hash>`: the weight tests count by what stands before the hashes. */
  readonly pod: string;
}

export interface EchoBackend {
  stop(): Promise<void>;
}

/** Container ports of the suite's echo server: HTTP/1.1, and HTTP/2 by prior knowledge only. */
export const echoPorts = { http: 3000, h2c: 3001 } as const;

/**
 * Stands in for one pod of the official suite's echo server on an address of the loopback net: any path answers 200
 * and says what arrived (fixtures/README.md).
 */
export async function startEchoBackend(address: string, pod: EchoPod): Promise<EchoBackend> {
  const plain = createServer((request, response) => answer(request, response, pod, echoPorts.http));
  echoWebSockets(plain);
  const h2c = createHttp2Server((request, response) => {
    answer(request as unknown as IncomingMessage, response as unknown as ServerResponse, pod, echoPorts.h2c);
  });
  await Promise.all([listen(plain, address, echoPorts.http), listen(h2c, address, echoPorts.h2c)]);
  return {
    async stop() {
      plain.closeAllConnections();
      await Promise.all([close(plain), close(h2c)]);
    },
  };
}

function listen(server: Server | Http2Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => resolve());
  });
}

function close(server: NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function answer(request: IncomingMessage, response: ServerResponse, pod: EchoPod, port: number): void {
  const url = new URL(request.url ?? "/", "http://echo");
  const status = /^\/status\/(\d{3})$/.exec(url.pathname);
  const delayMs = parseDelayMs(url.searchParams.get("delay"));
  for (const [name, value] of headersToSet(request)) response.appendHeader(name, value);
  const send = (): void => {
    response.statusCode = status === null ? 200 : Number(status[1]);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(echo(request, pod, port)));
  };
  if (delayMs === 0) send();
  else setTimeout(send, delayMs);
}

function echo(request: IncomingMessage, { namespace, service, pod }: EchoPod, port: number): object {
  const headers: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (name === "host" || name.startsWith(":")) continue;
    headers[canonicalHeader(name)] = (Array.isArray(value) ? value : [value ?? ""]).flatMap((one) =>
      one.split(", "),
    );
  }
  return {
    path: request.url,
    host: request.headers.host ?? request.headers[":authority"],
    method: request.method,
    proto: `HTTP/${request.httpVersion}`,
    headers,
    httpPort: String(port),
    namespace,
    ingress: "",
    service,
    pod,
  };
}

/** `X-Echo-Set-Header: N1:v1,N2:v2` */
function headersToSet(request: IncomingMessage): [string, string][] {
  const wanted = String(request.headers["x-echo-set-header"] ?? "");
  return wanted
    .split(",")
    .map((pair) => pair.trim())
    .filter((pair) => pair.includes(":"))
    .map((pair) => [pair.slice(0, pair.indexOf(":")).trim(), pair.slice(pair.indexOf(":") + 1).trim()]);
}

function parseDelayMs(delay: string | null): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(delay ?? "");
  return match === null ? 0 : Number(match[1]) * (match[2] === "s" ? 1000 : 1);
}

/** As Go writes header names: `X-Forwarded-For`. */
export function canonicalHeader(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
