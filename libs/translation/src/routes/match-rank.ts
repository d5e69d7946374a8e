import { compareNumbers, compareStrings } from "@routeledger/std";

/** What of a match decides its place (G34). */
export interface MatchRank {
  readonly path: "exact" | "regex" | "prefix";
  /** Characters, of a prefix without its final slash. */
  readonly pathLength: number;
  readonly hasMethod: boolean;
  readonly headers: number;
  readonly queryParameters: number;
}

/** Where a match comes from: what decides between equals. */
export interface MatchOrigin {
  readonly createdAt: string;
  readonly namespace: string;
  readonly name: string;
  readonly rule: number;
  readonly match: number;
}

/** Exact, regular expression, prefix (G30). */
const pathRanks = { exact: 0, regex: 1, prefix: 2 };

/** The more specific match first; zero when both are alike and their origins decide. */
export function compareRanks(a: MatchRank, b: MatchRank): number {
  return (
    compareNumbers(pathRanks[a.path], pathRanks[b.path]) ||
    compareNumbers(b.pathLength, a.pathLength) ||
    compareNumbers(Number(b.hasMethod), Number(a.hasMethod)) ||
    compareNumbers(b.headers, a.headers) ||
    compareNumbers(b.queryParameters, a.queryParameters)
  );
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
