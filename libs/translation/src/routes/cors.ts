import type { envoy } from "@routeledger/protos";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { Problem, unsupported } from "../problem.ts";
import { integerOf, listOf, shown, textOf } from "../untrusted.ts";
import { methods } from "./match.ts";

export type CorsPolicy = envoy.extensions.filters.http.cors.v3.CorsPolicy;

/** Entries of a list that are looked at: what the schema allows. */
const entriesMax = 64;

/** What the schema fills in, in seconds. */
const defaultMaxAge = 5;

/**
 * A CORS filter as Envoy's filter does it (G57): preflights are answered here, those of a foreign origin too, and
 * never forwarded.
 */
export function parseCors(field: string, cors: JsonObject): CorsPolicy | Problem {
  const origins = parseList(`${field}.allowOrigins`, cors.allowOrigins, parseOrigin);
  if (origins instanceof Problem) return origins;
  const allowMethods = parseList(`${field}.allowMethods`, cors.allowMethods, methodOf);
  if (allowMethods instanceof Problem) return allowMethods;
  const allowHeaders = parseList(`${field}.allowHeaders`, cors.allowHeaders, headerOf);
  if (allowHeaders instanceof Problem) return allowHeaders;
  const exposeHeaders = parseList(`${field}.exposeHeaders`, cors.exposeHeaders, headerOf);
  if (exposeHeaders instanceof Problem) return exposeHeaders;
  const { allowCredentials = null, maxAge = null } = cors;
  if (allowCredentials !== null && typeof allowCredentials !== "boolean")
    return refused(`${field}.allowCredentials`, allowCredentials);
  const seconds = maxAge === null ? defaultMaxAge : integerOf(maxAge);
  if (seconds === undefined || seconds < 1) return refused(`${field}.maxAge`, maxAge);
  const credentials = allowCredentials === true;
  return {
    allowOriginStringMatch: origins,
    allowMethods: joinNames(allowMethods),
    allowHeaders: joinNames(allowHeaders),
    // A star that stands for all headers may not be answered beside credentials.
    exposeHeaders: joinNames(credentials ? exposeHeaders.filter((name) => name !== "*") : exposeHeaders),
    maxAge: String(seconds),
    allowCredentials: { value: credentials },
    forwardNotMatchingPreflights: { value: false },
  };
}

/** Envoy takes a star only where it stands alone. */
function joinNames(names: readonly string[]): string {
  return names.includes("*") ? "*" : names.join(", ");
}

function parseList<T>(
  field: string,
  written: JsonValue | undefined,
  parse: (text: string) => T | undefined,
): readonly T[] | Problem {
  const parsed: T[] = [];
  for (const item of listOf(written).slice(0, entriesMax)) {
    const one = parse(textOf(item) ?? "");
    if (one === undefined) return refused(field, item);
    parsed.push(one);
  }
  return parsed;
}

function refused(field: string, value: JsonValue): Problem {
  return unsupported(`${field}: ${shown(value)} is not served`);
}

function methodOf(text: string): string | undefined {
  return text === "*" || methods.includes(text) ? text : undefined;
}

function headerOf(text: string): string | undefined {
  return /^[-!#$%&'*+.^_`|~0-9A-Za-z]{1,256}$/.test(text) ? text : undefined;
}

/** Everything, as a matcher: an empty prefix would be refused. */
const anyOrigin: envoy.type.matcher.v3.StringMatcher = { safeRegex: { regex: ".*" } };

const origin = /^(https?):\/\/(\*|(?:\*\.)?(?:[a-z0-9-]+\.)*[a-z0-9-]+)(?::([0-9]{1,5}))?$/;

/**
 * Rule G58. Origins are compared as browsers send them: lower case, and without the port that is the scheme's own. A
 * star covers any number of labels, never a port.
 */
function parseOrigin(text: string): envoy.type.matcher.v3.StringMatcher | undefined {
  if (text === "*") return anyOrigin;
  if (text.length > 253) return undefined;
  const [, scheme = "", host = "", port = ""] = origin.exec(text.toLowerCase()) ?? [];
  if (scheme === "" || Number(port) > 65_535 || (port !== "" && Number(port) === 0)) return undefined;
  const standard = scheme === "http" ? 80 : 443;
  const end = port === "" || Number(port) === standard ? "" : `:${Number(port)}`;
  if (host === "*") return { safeRegex: { regex: `${scheme}://(?:[^:/]+|\\[[0-9a-f:]+\\])${end}` } };
  if (!host.startsWith("*.")) return { exact: `${scheme}://${host}${end}` };
  return { safeRegex: { regex: `${scheme}://[^:/]+${host.slice(1).replaceAll(".", "\\.")}${end}` } };
}
