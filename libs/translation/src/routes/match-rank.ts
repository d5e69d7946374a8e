import { compareNumbers, compareStrings } from "@routeledger/std";

/** What of a match decides its place among those of its kind of route. */
export type MatchRank = HttpRank | GrpcRank;

/** Rule G34. */
export interface HttpRank {
  readonly path: "exact" | "regex" | "prefix";
  /** Characters, of a prefix without its final slash. */
  readonly pathLength: number;
  readonly hasMethod: boolean;
  readonly headers: number;
  readonly queryParameters: number;
}

/** Rule G40. */
export interface GrpcRank {
  readonly service: NameRank;
  readonly method: NameRank;
  readonly headers: number;
}

/** What a match says of a gRPC service or method. */
export interface NameRank {
  readonly type: "exact" | "regex" | "any";
  /** Characters of the name or the pattern; 0 of any. */
  readonly length: number;
}

/** Where a match comes from: what decides between equals. */
export interface MatchOrigin {
  readonly createdAt: string;
  readonly namespace: string;
  readonly name: string;
  readonly rule: number;
  readonly match: number;
}

/** Exact, regular expression, prefix or any (G30). */
const typeRanks = { exact: 0, regex: 1, prefix: 2, any: 2 };

/**
 * The more specific match first; zero when both are alike and their origins decide. Matches of different kinds of
 * route never answer on one domain (G16).
 */
export function compareRanks(a: MatchRank, b: MatchRank): number {
  if ("service" in a) return "service" in b ? compareGrpcRanks(a, b) : -1;
  return "service" in b ? 1 : compareHttpRanks(a, b);
}

function compareHttpRanks(a: HttpRank, b: HttpRank): number {
  return (
    compareNumbers(typeRanks[a.path], typeRanks[b.path]) ||
    compareNumbers(b.pathLength, a.pathLength) ||
    compareNumbers(Number(b.hasMethod), Number(a.hasMethod)) ||
    compareNumbers(b.headers, a.headers) ||
    compareNumbers(b.queryParameters, a.queryParameters)
  );
}

function compareGrpcRanks(a: GrpcRank, b: GrpcRank): number {
  return (
    compareNames(a.service, b.service) ||
    compareNames(a.method, b.method) ||
    compareNumbers(b.headers, a.headers)
  );
}

function compareNames(a: NameRank, b: NameRank): number {
  return compareNumbers(typeRanks[a.type], typeRanks[b.type]) || compareNumbers(b.length, a.length);
}

/** The older route first, then namespace and name, then the place in the route (G34, G35). */
export function compareOrigins(a: MatchOrigin, b: MatchOrigin): number {
  return (
    compareStrings(a.createdAt, b.createdAt) ||
    compareStrings(a.namespace, b.namespace) ||
    compareStrings(a.name, b.name) ||
    compareNumbers(a.rule, b.rule) ||
    compareNumbers(a.match, b.match)
  );
}
