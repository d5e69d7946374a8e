import type { IncomingMessage, ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import { pem } from "./certificates.ts";
import type { EchoPod } from "./echo-backend.ts";
import { parseDelayMs, RetrySimulation } from "./retry-simulation.ts";

/** Of HTTP/1.1; those of HTTP/2 have the same members. */
export type EchoRequest = IncomingMessage;
export type EchoResponse = ServerResponse;

/** What a backend saw of the TLS that reached it. */
export interface EchoTlsAssertions {
  readonly version: string;
  /** PEM. */
  readonly peerCertificates?: readonly string[];
  readonly serverName: string;
  readonly negotiatedProtocol?: string;
  readonly cipherSuite: string;
}

const retries = new RetrySimulation();

/** Answers as the official suite's echo server does. */
export function answerEcho(request: EchoRequest, response: EchoResponse, pod: EchoPod): void {
  const url = new URL(request.url ?? "/", "http://echo");
  const status = /^\/status\/(\d{3})$/.exec(url.pathname);
  if (url.pathname === "/health" || status !== null) {
    response.statusCode = Number(status?.[1] ?? 200);
    response.end(status === null ? "OK" : "");
    return;
  }
  if (url.pathname.startsWith("/retry/") && retries.fails(url, request, response)) return;
  pod.log(`Echoing back request made to ${request.url} to client (${request.socket.remoteAddress})`);
  const delayMs = parseDelayMs(url.searchParams.get("delay"));
  if (delayMs === 0) echo(request, response, pod);
  else setTimeout(() => echo(request, response, pod), delayMs);
}

function echo(request: EchoRequest, response: EchoResponse, pod: EchoPod): void {
  const headers = headersOf(request);
  for (const [name, value] of headersToSet(headers["X-Echo-Set-Header"] ?? []))
    response.setHeader(name, value);
  response.setHeader("content-type", "application/json");
  const { namespace, service, pod: name } = pod;
  const tls = tlsOf(request);
  const answer = {
    path: request.url,
    host: request.headers.host ?? request.headers[":authority"],
    method: request.method,
    proto: `HTTP/${request.httpVersion}`,
    headers,
    httpPort: String(request.socket.localPort),
    ...{ namespace, ingress: "", service, pod: name },
    ...(tls === undefined ? {} : { tls }),
  };
  response.end(JSON.stringify(answer));
}

/** As Go's server has them: canonical name to each value that arrived, without `Host`. */
function headersOf({ rawHeaders }: EchoRequest): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    if (name === "host" || name.startsWith(":")) continue;
    const value = rawHeaders[index + 1] ?? "";
    headers[canonicalHeader(name)] = [...(headers[canonicalHeader(name)] ?? []), value];
  }
  return headers;
}

/** Each value `N1:v1,N2:v2`; what stands more than once is one header, with commas. */
function headersToSet(values: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const pair of values.flatMap((value) => value.split(","))) {
    const colon = pair.indexOf(":");
    if (colon < 0) continue;
    const name = pair.slice(0, colon).trim();
    const before = found.get(name);
    const value = pair.slice(colon + 1).trim();
    found.set(name, before === undefined ? value : `${before},${value}`);
  }
  return found;
}

function tlsOf({ socket }: EchoRequest): EchoTlsAssertions | undefined {
  // HTTP/2 hides the socket behind a proxy of its own.
  const secure = socket as TLSSocket;
  if (!(socket instanceof TLSSocket) && secure.encrypted !== true) return undefined;
  return tlsAssertions(secure);
}

export function tlsAssertions(socket: TLSSocket): EchoTlsAssertions {
  const peer = socket.getPeerCertificate();
  const shown = peer?.raw === undefined ? [] : [pem(peer.raw)];
  return {
    version: socket.getProtocol() ?? "",
    ...(shown.length === 0 ? {} : { peerCertificates: shown }),
    serverName: typeof socket.servername === "string" ? socket.servername : "",
    ...(socket.alpnProtocol ? { negotiatedProtocol: socket.alpnProtocol } : {}),
    cipherSuite: socket.getCipher().standardName,
  };
}

/** As Go writes header names: `X-Forwarded-For`. */
export function canonicalHeader(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}
