/** Which matches of a route hold for a request, and how they rank: Gateway API's precedence, and ours beside it. */
import type { GrpcMethod, Match, ValueMatch } from "./gateway-objects.ts";
import type { Asked } from "./oracle.ts";
import { compiles } from "./oracle-filters.ts";

/** A request as routes see it. */
export interface Seen extends Asked {
  /** Normalised, without query. */
  readonly pathname: string;
  readonly query: string;
}

/** Larger is first, member by member. "unspecified": the specification does not say whether it holds. */
export type Rank = readonly number[];

const anyPath = { type: "PathPrefix", value: "/" } as const;

/** Path, method, headers, query parameters (G30, G34); undefined where the match does not hold. */
export function httpRank(match: Match, asked: Seen, takesPreflights: boolean): Rank | undefined {
  const path = pathRank(match.path ?? anyPath, asked.pathname);
  const method = methodRank(match.method as string | undefined, asked, takesPreflights);
  const headers = firstOfName(match.headers ?? [], (name) => name.toLowerCase());
  const queries = firstOfName(match.queryParams ?? [], (name) => name);
  if (path === undefined || method === undefined) return undefined;
  if (!headers.every((one) => holds(one, asked.headers[one.name.toLowerCase()]))) return undefined;
  if (!queries.every((one) => holds(one, queryValue(asked.query, one.name)))) return undefined;
  return [...path, method[0], headers.length, queries.length, method[1]];
}

function pathRank({ type, value }: NonNullable<Match["path"]>, path: string): [number, number] | undefined {
  if (type === "Exact") return path === value ? [3, 0] : undefined;
  if (type === "RegularExpression")
    return compiles(value) && fullMatch(value, path) ? [2, value.length] : undefined;
  const prefix = value.replace(/\/$/, "");
  return path === prefix || path.startsWith(`${prefix}/`) ? [1, prefix.length] : undefined;
}

/**
 * Whether a method is asked for, and whether it is the request's own: a preflight goes where the method goes that it
 * asks for, and behind a match of OPTIONS that is as specific (G59).
 */
function methodRank(
  method: string | undefined,
  asked: Seen,
  takesPreflights: boolean,
): [number, number] | undefined {
  if (method === undefined) return [0, 1];
  if (method === asked.method) return [1, 1];
  const preflight =
    takesPreflights && isPreflight(asked) && asked.headers["access-control-request-method"] === method;
  return preflight ? [1, 0] : undefined;
}

export function isPreflight({ method, headers }: Asked): boolean {
  return (
    method === "OPTIONS" &&
    headers.origin !== undefined &&
    headers["access-control-request-method"] !== undefined
  );
}

/** Service, then method, then headers (G40); "unspecified" for a path that no gRPC client sends. */
export function grpcRank(match: Match, asked: Seen): Rank | "unspecified" | undefined {
  const headers = firstOfName(match.headers ?? [], (name) => name.toLowerCase());
  if (!headers.every((one) => holds(one, asked.headers[one.name.toLowerCase()]))) return undefined;
  const { type = "Exact", service, method } = (match.method ?? {}) as GrpcMethod;
  if (!service && !method) return [0, 0, 0, 0, headers.length];
  const whole = asked.path.includes("?") ? "" : asked.pathname;
  const [, askedService, askedMethod] = /^\/([^/]+)\/([^/]+)$/.exec(whole) ?? [];
  if (askedService === undefined || askedMethod === undefined) return "unspecified";
  const parts = [partRank(type, service, askedService), partRank(type, method, askedMethod)];
  return parts.includes(undefined) ? undefined : [...parts.flatMap((part) => part ?? []), headers.length];
}

function partRank(type: string, part: string | undefined, asked: string): [number, number] | undefined {
  if (!part) return [0, 0];
  if (type === "Exact") return part === asked ? [2, part.length] : undefined;
  return fullMatch(part, asked) ? [1, part.length] : undefined;
}

/** Of several entries with one name the first counts (G31, G32). */
function firstOfName(entries: readonly ValueMatch[], key: (name: string) => string): ValueMatch[] {
  return entries.filter(
    (entry, place) => entries.findIndex((other) => key(other.name) === key(entry.name)) === place,
  );
}

function holds({ type, value }: ValueMatch, asked: string | undefined): boolean {
  if (asked === undefined) return false;
  return type === "RegularExpression" ? fullMatch(value, asked) : value === asked;
}

function fullMatch(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(text);
}

/** The first value, as it was sent (G32). */
function queryValue(query: string, name: string): string | undefined {
  const entries = query.split("&").map((entry) => /^([^=]*)=?(.*)$/.exec(entry) ?? []);
  return entries.find(([, key]) => key === name)?.[2];
}
