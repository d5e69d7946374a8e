import { request as httpRequest, type IncomingMessage } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type { ExpectedRequest, ExpectedResponse } from "./case.ts";
import { canonicalHeader } from "./echo-backend.ts";

export interface Exchange {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
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
}

/** How long one request may take before it counts as failed. */
const requestTimeoutMs = 10_000;

/** One request to a listener on loopback; connections are not shared between requests. */
export function exchange(port: number, expected: ExpectedResponse): Promise<Exchange> {
  const { Host, Method = "GET", Path = "/", Headers = {} } = expected.Request;
  const headers: Record<string, string> = { ...Headers };
  if (Host !== undefined && Host !== "") headers.host = Host;
  const toSet = Object.entries(expected.BackendSetResponseHeaders ?? {});
  if (toSet.length > 0)
    headers["X-Echo-Set-Header"] = toSet.map(([name, value]) => `${name}:${value}`).join(",");
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      method: Method,
      path: Path,
      headers,
      agent: false,
      timeout: requestTimeoutMs,
    };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: joined(response.headersDistinct),
          echo: parseEcho(body),
        });
      });
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${requestTimeoutMs} ms`)));
    request.on("error", reject);
    request.end();
  });
}

/** As the suite does: by name in lower case, several values with a comma between them. */
function joined(headers: IncomingMessage["headersDistinct"]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, values = []]) => [name, values.join(",")]));
}

function parseEcho(body: string): Echo | undefined {
  try {
    const parsed = JSON.parse(body) as Echo;
    return typeof parsed.pod === "string" ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with an answer, as the official suite compares (fixtures/README.md); nothing when it is as expected.
 * @param listenerPort the port that stands in for the suite's 80: a redirect may name it where 80 may be named
 */
export function mismatches(
  expected: ExpectedResponse,
  { status, headers, echo }: Exchange,
  listenerPort: number,
): string[] {
  const wrong: string[] = [];
  const expect = (what: string, wanted: unknown, got: unknown): void => {
    if (!isDeepStrictEqual(wanted, got))
      wrong.push(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
  };
  const { Response = {}, RedirectRequest, Request } = expected;
  const codes = Response.StatusCodes ?? [Response.StatusCode ?? 200];
  if (!codes.includes(sameTimeout(status, codes)))
    return [`status: expected ${codes.join(" or ")}, got ${status}`];
  if (status === 200 || status === 204) compareEcho(expected, echo, expect);
  for (const [name, value] of Object.entries(Response.Headers ?? {}))
    expect(`header ${name}`, value, headers[name.toLowerCase()]);
  for (const name of Response.AbsentHeaders ?? [])
    expect(`header ${name}`, undefined, headers[name.toLowerCase()]);
  if (RedirectRequest !== undefined)
    compareRedirect(RedirectRequest, Request, headers.location, listenerPort, expect);
  return wrong;
}

type Expect = (what: string, wanted: unknown, got: unknown) => void;

/** 408 and 504 are the same when one of them is expected. */
function sameTimeout(status: number, codes: readonly number[]): number {
  if (status === 408 && codes.includes(504)) return 504;
  return status === 504 && codes.includes(408) ? 408 : status;
}

function compareEcho(expected: ExpectedResponse, echo: Echo | undefined, expect: Expect): void {
  const sent: ExpectedRequest = expected.ExpectedRequest ?? expected.Request;
  if (sent.Host) expect("host", sent.Host, echo?.host);
  expect("path", sent.Path ?? expected.Request.Path ?? "/", echo?.path);
  expect("method", sent.Method ?? expected.Request.Method ?? "GET", echo?.method);
  if (expected.Namespace) expect("namespace", expected.Namespace, echo?.namespace);
  if (expected.Backend !== undefined)
    expect("backend", true, echo?.pod.startsWith(expected.Backend) || `pod ${echo?.pod}`);
  for (const [name, value] of Object.entries(sent.Headers ?? {}))
    expect(`request header ${name}`, value, echo?.headers[canonicalHeader(name.toLowerCase())]?.join(","));
  for (const name of sent.AbsentHeaders ?? [])
    expect(`request header ${name}`, undefined, echo?.headers[canonicalHeader(name.toLowerCase())]);
}

const defaultPorts: Readonly<Record<string, string>> = { http: "80", https: "443" };

function compareRedirect(
  redirect: NonNullable<ExpectedResponse["RedirectRequest"]>,
  request: ExpectedRequest,
  location: string | undefined,
  listenerPort: number,
  expect: Expect,
): void {
  expect("location given", true, location !== undefined);
  if (location === undefined) return;
  const asked = new URL(`http://${request.Host || "127.0.0.1"}${request.Path ?? "/"}`);
  const got = new URL(location, asked);
  const scheme = redirect.Scheme ?? "http";
  expect("redirect scheme", scheme, got.protocol.slice(0, -1));
  expect("redirect host", redirect.Host ?? asked.hostname, got.hostname);
  expect("redirect path", redirect.Path ?? asked.pathname, got.pathname);
  const port = writtenPort(location) ?? "";
  const accepted =
    redirect.Port === undefined ? ["", defaultPorts[scheme], String(listenerPort)] : [redirect.Port];
  expect("redirect port", true, accepted.includes(port) || `${port} is none of ${accepted.join(", ")}`);
}

/** URL drops a default port, so it is read from the text. */
function writtenPort(location: string): string | undefined {
  return /^[a-z]+:\/\/[^/:]+:(\d+)/.exec(location)?.[1];
}
