import type { envoy } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { Problem, unsupported } from "../problem.ts";
import { objectOf, objectsOf, shown, textOf } from "../untrusted.ts";
import type { MatchRank } from "./match-rank.ts";
import { checkPattern } from "./regular-expression.ts";

export type PathMatch =
  | { readonly type: "exact" | "regex"; readonly value: string }
  /** The prefix without its final slash; empty for `/` (G26). */
  | { readonly type: "prefix"; readonly value: string };

/** One match of a rule, checked: of an HTTPRoute, or of a GRPCRoute as its requests are to HTTP. */
export interface HttpMatch {
  readonly path: PathMatch;
  /** Method, headers and query parameters as Envoy's match has them. */
  readonly conditions: Pick<envoy.config.route.v3.RouteMatch, "headers" | "queryParameters">;
  readonly rank: MatchRank;
}

/** Every method that Gateway API knows. */
export const methods: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
];

/** Headers, and query parameters, of a match that are looked at: what the schema allows. */
const conditionsMax = 16;

/** @param field where the match stands, for messages */
export function parseMatch(field: string, match: JsonObject): HttpMatch | Problem {
  const path = parsePath(`${field}.path`, objectOf(match.path));
  if (path instanceof Problem) return path;
  const method = match.method === undefined || match.method === null ? undefined : textOf(match.method);
  if (match.method !== undefined && match.method !== null && !methods.includes(method ?? "")) {
    return unsupported(`${field}.method: ${shown(match.method)} is not served`);
  }
  const headers = parseHeaders(`${field}.headers`, match);
  if (headers instanceof Problem) return headers;
  const queryParameters = parseQueryParameters(`${field}.queryParams`, match);
  if (queryParameters instanceof Problem) return queryParameters;
  const methodMatch = method === undefined ? [] : [{ name: ":method", stringMatch: { exact: method } }];
  return {
    path,
    conditions: { headers: [...methodMatch, ...headers], queryParameters },
    rank: {
      path: path.type,
      pathLength: path.value.length,
      hasMethod: method !== undefined,
      headers: headers.length,
      queryParameters: queryParameters.length,
    },
  };
}

function parsePath(field: string, path: JsonObject): PathMatch | Problem {
  const value = textOf(path.value) ?? "/";
  const type = textOf(path.type) ?? "PathPrefix";
  if (type === "RegularExpression") {
    const pattern = checkPattern(field, value);
    return typeof pattern === "string" ? { type: "regex", value: pattern } : pattern;
  }
  if (type !== "Exact" && type !== "PathPrefix")
    return unsupported(`${field}.type: ${shown(path.type)} is not served`);
  const wrong = pathFault(value);
  if (wrong !== undefined) return unsupported(`${field}.value: ${shown(value)} ${wrong}`);
  return type === "Exact" ? { type: "exact", value } : { type: "prefix", value: trimSlash(value) };
}

/** Without its final slash. */
export function trimSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Why text is no normal path (G27); undefined when it is one. */
export function pathFault(path: string): string | undefined {
  if (!path.startsWith("/")) return "does not begin with a slash";
  if (path.length > 1024) return "is longer than 1024 characters";
  if (path.includes("//")) return "has an empty segment";
  if (/\/\.{1,2}(\/|$)/.test(path)) return "has a segment . or ..";
  if (/%2f/i.test(path)) return "has an encoded slash";
  return /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(path)
    ? undefined
    : "has characters that are none of a path";
}

/** Rule G31: names in lower case; of several entries of one name the first counts. */
export function parseHeaders(
  field: string,
  match: JsonObject,
): envoy.config.route.v3.HeaderMatcher[] | Problem {
  const seen = new Map<string, envoy.config.route.v3.HeaderMatcher>();
  for (const header of objectsOf(match.headers).slice(0, conditionsMax)) {
    const name = (textOf(header.name) ?? "").toLowerCase();
    if (!/^[-!#$%&'*+.^_`|~0-9a-z]+$/.test(name))
      return unsupported(`${field}: ${shown(header.name)} is no header name`);
    if (seen.has(name)) continue;
    const stringMatch = parseValue(`${field} ${name}`, header);
    if (stringMatch instanceof Problem) return stringMatch;
    seen.set(name, { name, stringMatch });
  }
  return [...seen.values()];
}

/** Rule G32: names keep their case; of several entries of one name the first counts. */
function parseQueryParameters(
  field: string,
  match: JsonObject,
): envoy.config.route.v3.QueryParameterMatcher[] | Problem {
  const seen = new Map<string, envoy.config.route.v3.QueryParameterMatcher>();
  for (const parameter of objectsOf(match.queryParams).slice(0, conditionsMax)) {
    const name = textOf(parameter.name) ?? "";
    if (name === "" || name.length > 1024)
      return unsupported(`${field}: ${shown(parameter.name)} is no name`);
    if (seen.has(name)) continue;
    const stringMatch = parseValue(`${field} ${name}`, parameter);
    if (stringMatch instanceof Problem) return stringMatch;
    seen.set(name, { name, stringMatch });
  }
  return [...seen.values()];
}

function parseValue(field: string, of: JsonObject): envoy.type.matcher.v3.StringMatcher | Problem {
  const value = textOf(of.value) ?? "";
  const type = textOf(of.type) ?? "Exact";
  if (type === "RegularExpression") {
    const pattern = checkPattern(field, value);
    return typeof pattern === "string" ? { safeRegex: { regex: pattern } } : pattern;
  }
  if (type !== "Exact") return unsupported(`${field}: type ${shown(of.type)} is not served`);
  return /[\0\r\n]/.test(value)
    ? unsupported(`${field}: ${shown(value)} has control characters`)
    : { exact: value };
}

/** The part of Envoy's match that says the path (G25, G26, G28). */
export function envoyPath(path: PathMatch): envoy.config.route.v3.RouteMatch {
  if (path.type === "exact") return { path: path.value };
  if (path.type === "regex") return { safeRegex: { regex: path.value } };
  return path.value === "" ? { prefix: "/" } : { pathSeparatedPrefix: path.value };
}
