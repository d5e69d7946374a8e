import type { ConfigObject } from "@routeledger/config-model";
import type { envoy } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { type BackendShare, forwardAction, parseBackends } from "../backends/backend-shares.ts";
import { type ResolvedMirrors, resolveMirrors } from "../backends/mirrors.ts";
import type { Upstream } from "../backends/upstream.ts";
import { resolveExtensionRefs } from "../extensions/extension-refs.ts";
import { isServed, Problem, unsupported } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { objectOf, objectsOf, shown, textOf } from "../untrusted.ts";
import { type Filters, incompatible, parseFilters } from "./filters.ts";
import type { HttpMatch } from "./match.ts";
import type { Redirect } from "./redirect.ts";
import { envoyRetry, parseRetry, withTrial } from "./retry.ts";
import { envoyRewrite, type Rewrite } from "./rewrite.ts";
import { envoyTimeouts, parseTimeouts } from "./route-timeouts.ts";
import { type FailureStatus, type RuleKind, ruleKindOf } from "./rule-kind.ts";

/** One rule of an HTTPRoute or a GRPCRoute, checked, with all that it reaches. */
export interface HttpRule {
  readonly name: string;
  readonly matches: readonly IndexedMatch[];
  readonly action: HttpAction;
  /** What its matches answer where it fails. */
  readonly failureStatus: FailureStatus;
  /** Whether the preflights of its matches' methods come to it (G59), also where it fails. */
  readonly takesPreflights: boolean;
  /** Why the rule as a whole is not served; its matches fail (G62). */
  readonly dropped: Problem | undefined;
  /** What is wrong with its backends: never makes the rule not accepted (G64). */
  readonly backendProblems: readonly Problem[];
  readonly upstreams: readonly Upstream[];
  /** What its `extensionRef` filters name, in their order. */
  readonly extensionObjects: readonly ConfigObject[];
}

export type HttpAction =
  | { readonly type: "fail" }
  | { readonly type: "redirect"; readonly redirect: Redirect; readonly filters: Filters }
  | {
      readonly type: "forward";
      readonly route: envoy.config.route.v3.RouteAction;
      readonly rewrite: Rewrite | undefined;
      readonly filters: Filters;
    };

/** A match and its place in the rule as it is written. */
export interface IndexedMatch {
  readonly index: number;
  readonly match: HttpMatch;
}

/** Matches of a rule that are looked at: what the schema allows. */
const matchesMax = 64;

/** @param index position in spec.rules, for names and messages */
export function parseRule(
  reader: StateReader,
  route: ConfigObject,
  { rule, index }: { readonly rule: JsonObject; readonly index: number },
): HttpRule {
  const field = `rules[${index}]`;
  const kind = ruleKindOf(route);
  const { matches, problem: matchProblem } = parseMatches(field, rule, kind);
  const backends = parseBackends(reader, route, { field, refs: objectsOf(rule.backendRefs) });
  const filters = parseRuleFilters(field, rule, backends.shares);
  const mirrors = resolveMirrors(reader, route, filters instanceof Problem ? [] : filters.mirrors);
  const extended =
    filters instanceof Problem ? [] : resolveExtensionRefs(reader, route, filters.extensionRefs);
  const action =
    filters instanceof Problem ? filters : parseAction(field, rule, { kind, filters, mirrors, ...backends });
  const wrong = [action, extended].find((one) => one instanceof Problem);
  const dropped = matchProblem ?? foreignFilter(field, rule, kind) ?? wrong;
  const name = typeof rule.name === "string" && rule.name !== "" ? rule.name : String(index);
  return {
    name,
    matches,
    action: dropped !== undefined || action instanceof Problem ? { type: "fail" } : action,
    failureStatus: kind.failureStatus,
    takesPreflights: hasCors(rule),
    dropped,
    backendProblems: [...backends.problems, ...mirrors.problems],
    upstreams: dropped === undefined ? upstreamsOf(action, backends.shares, mirrors) : [],
    extensionObjects: dropped !== undefined || extended instanceof Problem ? [] : extended,
  };
}

function upstreamsOf(
  action: HttpAction | Problem,
  shares: readonly BackendShare[],
  mirrors: ResolvedMirrors,
): Upstream[] {
  if (action instanceof Problem || action.type !== "forward") return [];
  return [...shares.map(({ upstream }) => upstream).filter(isServed), ...mirrors.upstreams];
}

function hasCors(rule: JsonObject): boolean {
  return [rule, ...objectsOf(rule.backendRefs)].some((of) =>
    objectsOf(of.filters).some(({ type }) => type === "CORS"),
  );
}

/** No matches is every request (G38). A match that cannot be said at all is left out, and drops its rule. */
function parseMatches(
  field: string,
  rule: JsonObject,
  kind: RuleKind,
): { matches: IndexedMatch[]; problem: Problem | undefined } {
  const written = objectsOf(rule.matches).slice(0, matchesMax);
  const list = written.length === 0 ? [{}] : written;
  const parsed = list.map((match, index) => kind.parseMatch(`${field}.matches[${index}]`, match));
  return {
    matches: parsed.flatMap((match, index) => (isServed(match) ? [{ index, match }] : [])),
    problem: parsed.find((match) => match instanceof Problem),
  };
}

/** What a rule's backends and its filters ask for together. */
interface RuleParts {
  readonly kind: RuleKind;
  readonly filters: Filters;
  readonly mirrors: ResolvedMirrors;
  readonly shares: readonly BackendShare[];
}

function parseAction(
  field: string,
  rule: JsonObject,
  { kind, filters, mirrors, shares }: RuleParts,
): HttpAction | Problem {
  const unserved = kind.refusedFields.find((name) => rule[name] !== undefined && rule[name] !== null);
  if (unserved !== undefined)
    return unsupported(`${field}.${unserved}: ${shown(rule[unserved])} is not served`);
  const retry = parseRetry(`${field}.retry`, rule.retry);
  if (retry instanceof Problem) return retry;
  const timeouts = parseTimeouts(`${field}.timeouts`, rule.timeouts, retry);
  if (timeouts instanceof Problem) return timeouts;
  if (filters.redirect !== undefined) return { type: "redirect", redirect: filters.redirect, filters };
  const forward = forwardAction(shares, kind.failureStatus);
  if (forward === undefined) return { type: "fail" };
  const asked = retry === undefined ? undefined : envoyRetry(retry, timeouts.perTryMs);
  const trials = shares.flatMap(({ upstream }) => (isServed(upstream) ? (upstream.trial ?? []) : []));
  const retryPolicy = trials.length > 0 ? withTrial(asked, trials) : asked;
  const route = {
    ...forward,
    ...envoyTimeouts(timeouts),
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    ...envoyRewrite(filters.rewrite),
    ...(mirrors.policies.length === 0 ? {} : { requestMirrorPolicies: mirrors.policies }),
  };
  return { type: "forward", route, rewrite: filters.rewrite, filters };
}

/** A filter that another kind of route has; the door lets none in. */
function foreignFilter(field: string, rule: JsonObject, { filterTypes }: RuleKind): Problem | undefined {
  if (filterTypes === undefined) return undefined;
  const filters = [rule, ...objectsOf(rule.backendRefs)].flatMap((of) => objectsOf(of.filters));
  const foreign = filters.find(({ type }) => !filterTypes.includes(textOf(type) ?? ""));
  return foreign && unsupported(`${field}: filter ${shown(foreign.type)} is not served`);
}

/** The filters of a rule, and those of its only backend that must be the rule's, or why they cannot be served. */
function parseRuleFilters(
  field: string,
  rule: JsonObject,
  shares: readonly BackendShare[],
): Filters | Problem {
  const own = parseFilters(`${field}.filters`, rule.filters);
  if (own instanceof Problem) return own;
  if (own.redirect !== undefined && objectsOf(rule.backendRefs).length > 0) {
    return new Problem("IncompatibleFilters", `${field}: RequestRedirect excludes backendRefs`);
  }
  return hoist(field, own, shares);
}

/**
 * Envoy's weighted clusters change headers only. What else a backendRef asks for goes to the rule when it is the only
 * backend; with several it cannot be served (G54).
 */
function hoist(field: string, own: Filters, shares: readonly BackendShare[]): Filters | Problem {
  let hoisted = own;
  for (const { filters } of shares) {
    if (filters instanceof Problem) return filters;
    const asked = hoistedNames(filters);
    if (asked.length === 0) continue;
    if (shares.length > 1) {
      return unsupported(
        `${field}.backendRefs: ${asked.join(", ")} of one of several backends is not served`,
      );
    }
    const redirects = filters.redirect !== undefined || filters.rewrite !== undefined;
    if (redirects && (own.redirect !== undefined || own.rewrite !== undefined)) {
      return new Problem(
        "IncompatibleFilters",
        `${field}: the rule and its backend both redirect or rewrite`,
      );
    }
    if (filters.cors !== undefined && own.cors !== undefined) {
      return new Problem("IncompatibleFilters", `${field}: the rule and its backend both have a CORS filter`);
    }
    hoisted = {
      ...own,
      redirect: filters.redirect ?? own.redirect,
      rewrite: filters.rewrite ?? own.rewrite,
      mirrors: [...own.mirrors, ...filters.mirrors],
      cors: filters.cors ?? own.cors,
      extensionRefs: [...own.extensionRefs, ...filters.extensionRefs],
    };
  }
  return incompatible(field, hoisted) ?? hoisted;
}

/** The filters of a backendRef that are none of headers. */
function hoistedNames({ redirect, rewrite, mirrors, cors, extensionRefs }: Filters): string[] {
  return [
    ...(redirect === undefined ? [] : ["RequestRedirect"]),
    ...(rewrite === undefined ? [] : ["URLRewrite"]),
    ...(mirrors.length === 0 ? [] : ["RequestMirror"]),
    ...(cors === undefined ? [] : ["CORS"]),
    ...(extensionRefs.length === 0 ? [] : ["ExtensionRef"]),
  ];
}

/** The rules of a route that are looked at: what the schema allows. */
const rulesMax = 16;

export function rulesOf(route: ConfigObject): readonly JsonObject[] {
  return objectsOf(objectOf(route.object.spec).rules).slice(0, rulesMax);
}
