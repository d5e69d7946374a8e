import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { request as httpsRequest } from "node:https";
import type { ConnectionOptions, PeerCertificate } from "node:tls";
import type { ExpectedResponse } from "./case.ts";
import type { Certificate } from "./certificates.ts";
import type { EchoTlsAssertions } from "./echo-answer.ts";

/** Where a request goes. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** Present: the request is HTTPS. */
  readonly tls?: TargetTls;
}

export interface TargetTls {
  readonly serverName: string;
  /** PEM: what the server's certificate is verified with. */
  readonly authority: string;
  readonly client?: Certificate | undefined;
}

export interface Exchange {
  readonly status: number;
  /** By name in lower case, several values with a comma between them. */
  readonly headers: Readonly<Record<string, string>>;
  /** `HTTP/1.1`, `HTTP/2.0`. */
  readonly protocol: string;
  /** What the echo backend says that it got; undefined when somebody else answered. */
  readonly echo: Echo | undefined;
}

export interface Echo {
  readonly path: string;
  readonly host: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly namespace: string;
  readonly pod: string;
  readonly tls?: EchoTlsAssertions;
}

/** How long one request may take before it counts as failed. */
const requestTimeoutMs = 10_000;

/** One request; connections are not shared between requests. Redirects are not followed. */
export function exchange(
  target: Target,
  { Request, BackendSetResponseHeaders }: ExpectedResponse,
): Promise<Exchange> {
  const { Host = "", Method: method = "GET", Path: path = "/", Protocol = "" } = Request;
  const toSet = Object.entries(BackendSetResponseHeaders ?? {}).map(([name, value]) => `${name}:${value}`);
  const headers = { ...Request.Headers, "X-Echo-Set-Header": toSet.join(",") };
  const asked = { method, path, headers, host: Host };
  return Protocol.startsWith("H2") ? overHttp2(target, asked) : overHttp1(target, asked);
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: the target's. */
  readonly host: string;
}

function overHttp1({ host, port, tls }: Target, asked: Asked): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const options = {
      ...{ host, port, method: asked.method, path: asked.path, agent: false, timeout: requestTimeoutMs },
      headers: { ...asked.headers, ...(asked.host === "" ? {} : { host: asked.host }) },
      ...(tls === undefined ? {} : tlsOptions(tls)),
    };
    const request = (tls === undefined ? httpRequest : httpsRequest)(options, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: joined(response.headersDistinct),
          protocol: `HTTP/${response.httpVersion}`,
          echo: parseEcho(Buffer.concat(chunks).toString()),
        }),
      );
    });
    request.on("timeout", () => request.destroy(tooLate()));
    request.on("error", reject);
    request.end();
  });
}

function overHttp2({ host, port, tls }: Target, asked: Asked): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const scheme = tls === undefined ? "http" : "https";
    const session = connectHttp2(`${scheme}://${host}:${port}`, tls === undefined ? {} : tlsOptions(tls));
    session.on("error", reject);
    const stream = session.request({
      ...Object.fromEntries(
        Object.entries(asked.headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      ":method": asked.method,
      ":path": asked.path,
      ...(asked.host === "" ? {} : { ":authority": asked.host }),
    });
    const chunks: Buffer[] = [];
    let answered: IncomingHttpHeaders = {};
    stream.setTimeout(requestTimeoutMs, () => stream.destroy(tooLate()));
    stream.on("response", (headers) => {
      answered = headers;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("close", () => session.destroy());
    stream.on("end", () =>
      resolve({
        status: Number(answered[":status"] ?? 0),
        headers: joined(answered),
        protocol: "HTTP/2.0",
        echo: parseEcho(Buffer.concat(chunks).toString()),
      }),
    );
    stream.end();
  });
}

function tooLate(): Error {
  return new Error(`no answer within ${requestTimeoutMs} ms`);
}

function tlsOptions({ serverName, authority, client }: TargetTls): ConnectionOptions {
  const shown = client === undefined ? {} : { cert: client.certificate, key: client.key };
  return { servername: serverName, ca: authority, checkServerIdentity: isNamed, ...shown };
}

/** Node.js takes no wildcard below a top level domain, as the suite's `*.org`; Go does. */
function isNamed(host: string, { subjectaltname = "" }: PeerCertificate): Error | undefined {
  const names = subjectaltname
    .split(", ")
    .flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []));
  const rest = host.slice(host.indexOf("."));
  return names.includes(host) || names.includes(`*${rest}`)
    ? undefined
    : new Error(`the certificate is of ${subjectaltname}, asked was ${host}`);
}

function joined(headers: IncomingHttpHeaders | IncomingMessage["headersDistinct"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values = []]) => [
      name,
      Array.isArray(values) ? values.join(",") : String(values),
    ]),
  );
}

function parseEcho(body: string): Echo | undefined {
  try {
    const parsed = JSON.parse(body) as Echo;
    return typeof parsed.pod === "string" ? parsed : undefined;
  } catch {
    return undefined;
  }
}
