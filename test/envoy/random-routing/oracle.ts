/**
 * What a request gets, from the Gateway API objects alone, straight from the specification and from what
 * docs/spec/translation.md says where the API leaves it open. Slow, small and without anything of `libs/translation`.
 */
import { type GatewayObject, olderFirst, type Route } from "./gateway-objects.ts";
import { targetOf } from "./oracle-backends.ts";
import {
  changedHeaders,
  corsOf,
  filterOf,
  isDropped,
  originAllowed,
  redirectLocation,
  rewrittenPath,
  takesPreflights,
} from "./oracle-filters.ts";
import {
  mostSpecific,
  routesOf,
  type Served,
  servedListeners,
  specificity,
  within,
} from "./oracle-listeners.ts";
import { grpcRank, httpRank, isPreflight, type Rank, type Seen } from "./oracle-matches.ts";

/** A request. Names of headers are in lower case. */
export interface Asked {
  readonly port: number;
  /** The server name of a TLS connection, empty without one; undefined: no TLS. */
  readonly sni: string | undefined;
  /** HTTP/2 over TLS only. */
  readonly protocol: "HTTP/1.1" | "HTTP/2";
  readonly method: string;
  /** As in the Host header, perhaps with a port. */
  readonly host: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One answer that is right. What is undefined was not looked at, or is absent. */
export interface Outcome {
  readonly status: number;
  /** The port of the endpoints that it comes from, and what they see. */
  readonly backend?: number;
  readonly path?: string;
  readonly host?: string;
  readonly requestHeaders?: Headers;
  readonly responseHeaders?: Headers;
  readonly location?: string;
  readonly cors?: CorsAnswer;
}

export interface CorsAnswer {
  /** What `access-control-allow-origin` may be; empty: it is absent. */
  readonly allowOrigins: readonly string[];
  readonly credentials: boolean;
}

/** By names in lower case; several values are joined by a comma. */
export type Headers = Readonly<Record<string, string>>;

/** "refused": no connection, or no TLS. "unspecified": nothing says what is right. */
export type Expected = "refused" | "unspecified" | readonly Outcome[];

/** What backends answer with, beside their echo. */
export const backendHeaders: Headers = { x: "back", z: "end" };

interface Candidate {
  readonly route: Route;
  readonly ruleIndex: number;
  readonly matchIndex: number;
  readonly rank: Rank;
}

/** All answers of which one is right, by the shares of backends. */
export function expectedOf(objects: readonly GatewayObject[], asked: Asked): Expected {
  const served = servedListeners(objects, asked.port);
  const tls = asked.sni !== undefined;
  if (served.length === 0 || tls !== (served[0]?.listener.protocol === "HTTPS")) return "refused";
  const chain = tls ? mostSpecific(served, asked.sni?.toLowerCase() || "*") : undefined;
  if (tls && chain === undefined) return "refused";
  const [path = "", query] = splitOnce(asked.path, "?");
  // Escaped slashes are answered before anything is matched (G115), to gRPC clients by an error.
  if (/%2f|%5c/i.test(path)) return [{ status: isGrpc(asked) ? 400 : 307 }];
  const host = hostName(asked.host).toLowerCase();
  const owner = mostSpecific(served, host);
  if (owner === undefined) return [{ status: 404 }];
  if (tls && owner !== chain) return [{ status: 421 }]; // G91
  const seen: Seen = { ...asked, pathname: normalised(path), query: query ?? "" };
  const candidates = candidatesOf(objects, owner, seen, host);
  if (candidates === "unspecified") return candidates;
  const first = candidates.sort(compareCandidates)[0];
  return first === undefined ? [{ status: 404 }] : answersOf(objects, first, seen);
}

/** Every match that holds, of every route of the listener, by the most specific hostname that each wrote (G19, G20). */
function candidatesOf(
  objects: readonly GatewayObject[],
  owner: Served,
  seen: Seen,
  host: string,
): Candidate[] | "unspecified" {
  const found: Candidate[] = [];
  let unspecified = false;
  const allDropped = (route: Route): boolean =>
    (route.spec.rules ?? []).length > 0 && (route.spec.rules ?? []).every((rule) => isDropped(rule));
  for (const route of routesOf(objects, owner, allDropped)) {
    const names = route.spec.hostnames?.length ? route.spec.hostnames : ["*"];
    const covering = names.filter((name) => within(host, name));
    if (covering.length === 0) continue;
    const hostRank = Math.max(...covering.map(specificity));
    for (const [ruleIndex, rule] of (route.spec.rules ?? []).entries()) {
      const matches = rule.matches?.length ? rule.matches : [{}];
      for (const [matchIndex, match] of matches.entries()) {
        const rank =
          route.kind === "HTTPRoute" ? httpRank(match, seen, takesPreflights(rule)) : grpcRank(match, seen);
        if (rank === "unspecified") unspecified = true;
        else if (rank !== undefined) found.push({ route, ruleIndex, matchIndex, rank: [hostRank, ...rank] });
      }
    }
  }
  return unspecified ? "unspecified" : found;
}

function compareCandidates(a: Candidate, b: Candidate): number {
  for (const [place, value] of a.rank.entries()) {
    const difference = (b.rank[place] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return olderFirst(a.route, b.route) || a.ruleIndex - b.ruleIndex || a.matchIndex - b.matchIndex;
}

function answersOf(
  objects: readonly GatewayObject[],
  { route, ruleIndex, matchIndex }: Candidate,
  seen: Seen,
): Outcome[] {
  const rule = route.spec.rules?.[ruleIndex] ?? {};
  const match = rule.matches?.[matchIndex] ?? {};
  const failure = route.kind === "GRPCRoute" ? 503 : 500; // G64
  if (isDropped(rule)) return [{ status: failure }]; // G62
  const redirect = filterOf(rule, "requestRedirect");
  if (redirect !== undefined) {
    return [{ status: redirect.statusCode ?? 302, location: redirectLocation(redirect, match, seen) }];
  }
  const shares = (rule.backendRefs ?? [])
    .filter(({ weight = 1 }) => weight > 0)
    .map((ref) => ({ ref, target: targetOf(objects, route, ref) }));
  if (shares.every(({ target }) => target === undefined)) return [{ status: failure }];
  const cors = corsOf(rule);
  const corsAnswer: CorsAnswer = {
    allowOrigins: cors === undefined ? [] : originAllowed(cors, seen.headers.origin),
    credentials: cors?.allowCredentials === true,
  };
  // A preflight is answered at once, of a foreign origin too (G57).
  if (cors !== undefined && isPreflight(seen)) return [{ status: 200, cors: corsAnswer }];
  const rewrite = filterOf(rule, "urlRewrite");
  return shares.map(({ ref, target }): Outcome => {
    if (target === undefined) return { status: failure };
    if (target === "unreachable") return { status: 503 }; // G67
    return {
      status: 200,
      backend: target,
      host: rewrite?.hostname ?? seen.host,
      path: rewrittenPath(rewrite?.path, match, seen),
      requestHeaders: changedHeaders(seen.headers, "requestHeaderModifier", ref, rule),
      responseHeaders: changedHeaders(backendHeaders, "responseHeaderModifier", ref, rule),
      cors: corsAnswer,
    };
  });
}

/** Dot segments and repeated slashes are gone before anything is matched (G115). */
function normalised(path: string): string {
  const kept: string[] = [];
  const segments = path
    .replace(/\/{2,}/g, "/")
    .split("/")
    .slice(1);
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
  }
  const last = segments.at(-1);
  const open = (last === "." || last === "..") && kept.length > 0 ? "/" : "";
  return `/${kept.join("/")}${open}`;
}

export function isGrpc({ headers }: Asked): boolean {
  return headers["content-type"] === "application/grpc";
}

export function hostName(host: string): string {
  return host.replace(/:[0-9]+$/, "");
}

export function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
