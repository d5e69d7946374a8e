import { isDeepStrictEqual } from "node:util";
import type { ExpectedRequest, ExpectedResponse } from "./case.ts";
import { canonicalHeader } from "./echo-answer.ts";
import type { Echo, Exchange, Target } from "./http-exchange.ts";

type Expect = (what: string, wanted: unknown, got: unknown) => void;

/**
 * What is wrong with an answer, as the official suite compares (fixtures/README.md); nothing when it is as expected.
 * @param target what was asked: a redirect goes there where the case says nothing else
 */
export function mismatches(expected: ExpectedResponse, got: Exchange, target: Target): string[] {
  const wrong: string[] = [];
  const expect: Expect = (what, wanted, seen) => {
    if (!isDeepStrictEqual(wanted, seen))
      wrong.push(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(seen)}`);
  };
  const { Response = {}, RedirectRequest, Request } = expected;
  const { status } = got;
  const codes = Response.StatusCodes ?? [Response.StatusCode ?? 200];
  if (isTimeout(status) && codes.some(isTimeout)) return [];
  if (!codes.includes(status)) return [`status: expected ${codes.join(" or ")}, got ${status}`];
  if (Response.Protocol) expect("protocol", Response.Protocol, got.protocol);
  if (status === 200 || status === 204) compareEcho(expected, got.echo, expect);
  compareHeaders(Response, got.headers, expect);
  if (RedirectRequest !== undefined)
    compareRedirect(RedirectRequest, { ...Request, location: got.headers.location, target }, expect);
  return wrong;
}

/** The two are the same when one of them is expected. */
function isTimeout(status: number): boolean {
  return status === 408 || status === 504;
}

function compareHeaders(
  response: NonNullable<ExpectedResponse["Response"]>,
  headers: Exchange["headers"],
  expect: Expect,
): void {
  const { Headers = {}, ValidHeaderValues = {}, AbsentHeaders = [], IgnoreWhitespace = false } = response;
  const plain = (value: string): string => (IgnoreWhitespace ? value.replaceAll(" ", "") : value);
  for (const [name, value] of Object.entries(Headers)) {
    const got = headers[name.toLowerCase()];
    expect(`header ${name}`, plain(value), got === undefined ? undefined : plain(got));
  }
  for (const [name, values] of Object.entries(ValidHeaderValues)) {
    const got = headers[name.toLowerCase()];
    const isOne = got !== undefined && values.map(plain).includes(plain(got));
    expect(`header ${name} one of ${values.join(" | ")}`, true, isOne || (got ?? "absent"));
  }
  for (const name of AbsentHeaders) expect(`header ${name}`, undefined, headers[name.toLowerCase()]);
}

/** What the suite takes an answer for that no echo backend gave. */
const nobody: Omit<Echo, "method"> = { path: "", host: "", headers: {}, namespace: "", pod: "" };

function compareEcho(expected: ExpectedResponse, answered: Echo | undefined, expect: Expect): void {
  const sent: ExpectedRequest = expected.ExpectedRequest ?? expected.Request;
  const echo: Echo = answered ?? { ...nobody, method: expected.Request.Method ?? "GET" };
  if (sent.Host) expect("host", sent.Host, echo.host);
  expect("path", sent.Path ?? "", echo.path);
  expect("method", sent.Method ?? "GET", echo.method);
  expect("namespace", expected.Namespace ?? "", echo.namespace);
  expect("backend", true, echo.pod.startsWith(expected.Backend ?? "") || `pod ${echo.pod}`);
  const headerOf = (name: string) => echo.headers[canonicalHeader(name.toLowerCase())];
  for (const [name, value] of Object.entries(sent.Headers ?? {}))
    expect(`request header ${name}`, value, headerOf(name)?.join(","));
  for (const name of sent.AbsentHeaders ?? []) expect(`request header ${name}`, undefined, headerOf(name));
  if (sent.SNI) expect("SNI", sent.SNI, echo.tls?.serverName);
  if (sent.ClientCert)
    expect("client certificate", true, echo.tls?.peerCertificates?.includes(sent.ClientCert) ?? "none");
}

const defaultPorts: Readonly<Record<string, string>> = { http: "80", https: "443" };

interface Asked extends ExpectedRequest {
  readonly location: string | undefined;
  readonly target: Target;
}

function compareRedirect(
  redirect: NonNullable<ExpectedResponse["RedirectRequest"]>,
  { location, target, Host, Path = "/" }: Asked,
  expect: Expect,
): void {
  expect("location given", true, location !== undefined);
  if (location === undefined) return;
  const scheme = target.tls === undefined ? "http" : "https";
  const asked = new URL(`${scheme}://${Host || target.host}${Path}`);
  const got = new URL(location, asked);
  const gotScheme = got.protocol.slice(0, -1);
  expect("redirect scheme", redirect.Scheme ?? scheme, gotScheme);
  expect("redirect host", redirect.Host ?? asked.hostname, got.hostname);
  expect("redirect path", redirect.Path ?? asked.pathname, got.pathname);
  const port = writtenPort(location) ?? "";
  const accepted = redirect.Port === undefined ? ["", defaultPorts[gotScheme]] : [redirect.Port];
  expect("redirect port", true, accepted.includes(port) || `${port} is none of ${accepted.join(", ")}`);
}

/** URL drops a default port, so it is read from the text. */
function writtenPort(location: string): string | undefined {
  return /^[a-z]+:\/\/[^/:]+:(\d+)/.exec(location)?.[1];
}
