import type { envoy } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { Problem, unsupported } from "../problem.ts";
import { objectOf, shown, textOf } from "../untrusted.ts";
import { type HttpMatch, type PathMatch, parseHeaders } from "./match.ts";
import type { NameRank } from "./match-rank.ts";
import { checkPattern } from "./regular-expression.ts";

/** A service and a method as the path of a gRPC request holds them: `/service/method`. */
interface GrpcMethod {
  readonly path: PathMatch;
  /** What the path alone cannot say. */
  readonly headers: readonly envoy.config.route.v3.HeaderMatcher[];
  readonly service: NameRank;
  readonly method: NameRank;
}

/**
 * One match of a GRPCRoute's rule, checked (G40). No method is every request (G38).
 * @param field where the match stands, for messages
 */
export function parseGrpcMatch(field: string, match: JsonObject): HttpMatch | Problem {
  const said = match.method === undefined || match.method === null ? undefined : objectOf(match.method);
  const method = said === undefined ? anyMethod : parseMethod(`${field}.method`, said);
  if (method instanceof Problem) return method;
  const headers = parseHeaders(`${field}.headers`, match);
  if (headers instanceof Problem) return headers;
  return {
    path: method.path,
    conditions: { headers: [...method.headers, ...headers], queryParameters: [] },
    rank: { service: method.service, method: method.method, headers: headers.length },
  };
}

const any: NameRank = { type: "any", length: 0 };

const anyMethod: GrpcMethod = {
  path: { type: "prefix", value: "" },
  headers: [],
  service: any,
  method: any,
};

/** An empty service or method is any; one of the two must say something. */
function parseMethod(field: string, written: JsonObject): GrpcMethod | Problem {
  const type = textOf(written.type) ?? "Exact";
  if (type !== "Exact" && type !== "RegularExpression")
    return unsupported(`${field}.type: ${shown(written.type)} is not served`);
  const service = textOf(written.service ?? "");
  const method = textOf(written.method ?? "");
  if (service === undefined || method === undefined || (service === "" && method === ""))
    return unsupported(`${field}: ${shown(written)} names neither a service nor a method`);
  return type === "Exact" ? exactMethod(field, service, method) : methodPattern(field, service, method);
}

const nameLengthMax = 1024;
const serviceNames = /^\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$/i;
const methodNames = /^[a-z_][a-z_0-9]*$/i;

function exactMethod(field: string, service: string, method: string): GrpcMethod | Problem {
  if (service !== "" && !(service.length <= nameLengthMax && serviceNames.test(service)))
    return unsupported(`${field}.service: ${shown(service)} is no name of a gRPC service`);
  if (method !== "" && !(method.length <= nameLengthMax && methodNames.test(method)))
    return unsupported(`${field}.method: ${shown(method)} is no name of a gRPC method`);
  const ranks = { service: rankOf("exact", service), method: rankOf("exact", method) };
  if (service === "") {
    const headers = [{ name: ":path", stringMatch: { suffix: `/${method}` } }];
    return { path: { type: "prefix", value: "" }, headers, ...ranks };
  }
  // By elements: a plain prefix `/a.B` would take `/a.Bc/Do`, too.
  if (method === "") return { path: { type: "prefix", value: `/${service}` }, headers: [], ...ranks };
  return { path: { type: "exact", value: `/${service}/${method}` }, headers: [], ...ranks };
}

function methodPattern(field: string, service: string, method: string): GrpcMethod | Problem {
  const servicePart = patternPart(`${field}.service`, service);
  if (servicePart instanceof Problem) return servicePart;
  const methodPart = patternPart(`${field}.method`, method);
  if (methodPart instanceof Problem) return methodPart;
  const pattern = checkPattern(field, `/${servicePart}/${methodPart}`);
  if (pattern instanceof Problem) return pattern;
  return {
    path: { type: "regex", value: pattern },
    headers: [],
    service: rankOf("regex", service),
    method: rankOf("regex", method),
  };
}

/** A pattern as a group; it must be one by itself, so that it cannot end the group and speak of the rest of the path. */
function patternPart(field: string, pattern: string): string | Problem {
  if (pattern === "") return "[^/]+";
  const alone = checkPattern(field, pattern);
  return alone instanceof Problem ? alone : checkPattern(field, `(?:${pattern})`);
}

function rankOf(type: "exact" | "regex", name: string): NameRank {
  return name === "" ? any : { type, length: name.length };
}
