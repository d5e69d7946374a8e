/** What makes a random request meet a random route: its hostname, and one of its matches. */
import type { JsonObject } from "@routeledger/std";
import type { GrpcMethod, Match, Route, ValueMatch } from "./gateway-objects.ts";

/** What of a request a route's match decides. */
export interface Aim {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The routes among objects that did not pass the door yet. */
export function routesAmong(objects: readonly JsonObject[]): Route[] {
  return objects.filter(({ kind }) => kind === "HTTPRoute" || kind === "GRPCRoute") as unknown as Route[];
}

/** One of all matches of a route, counted round and round; undefined: it has none. */
export function matchOf({ spec }: Route, index: number): Match | undefined {
  const matches = (spec.rules ?? []).flatMap((rule) => rule.matches ?? []);
  return matches[index % matches.length];
}

/** The request with what the match asks for; what it does not speak of stays. `end` goes behind a prefix. */
export function aimed(draft: Aim, match: Match, end: string): Aim {
  const headers = { ...draft.headers };
  for (const { name, value } of (match.headers ?? []).toReversed())
    headers[name.toLowerCase()] = plain(value);
  if (typeof match.method === "object") {
    return { method: "POST", path: grpcPath(match.method), headers };
  }
  const [path = "", query] = draft.path.split("?");
  const whole = pathOf(match, path, end);
  const asked = queryOf(match.queryParams ?? []) ?? query;
  return {
    method: match.method ?? draft.method,
    path: asked === undefined ? whole : `${whole}?${asked}`,
    headers,
  };
}

function pathOf({ path }: Match, drafted: string, end: string): string {
  if (path === undefined || path.type === "RegularExpression") return drafted;
  const whole = path.type === "Exact" ? path.value : path.value.replace(/\/$/, "") + end;
  return whole.startsWith("/") ? whole : `/${whole}`;
}

function grpcPath({ service, method }: GrpcMethod): string {
  return `/${plain(service ?? "a")}/${plain(method ?? "b")}`;
}

function queryOf(params: readonly ValueMatch[]): string | undefined {
  if (params.length === 0) return undefined;
  return params.map(({ name, value }) => `${name}=${plain(value)}`).join("&");
}

/** A text that the vocabulary's patterns match, and every other value as it is. */
function plain(value: string): string {
  return value.replace("1|2", "2").replace("1.*", "12").replace("[bc]", "b").replace("+", "");
}
