import type { ConfigObject } from "@routeledger/config-model";
import { type envoy, packAny } from "@routeledger/protos";
import { envoyMutations } from "../backends/backend-shares.ts";
import type { AttachedPolicy } from "../extensions/extension-policies.ts";
import { fieldProblem } from "../field-rules.ts";
import { anyHost } from "../hostnames.ts";
import { isServed, Problem } from "../problem.ts";
import type { Filters } from "./filters.ts";
import type { HttpAction, HttpRule } from "./http-rule.ts";
import { envoyPath, type HttpMatch } from "./match.ts";
import type { MatchOrigin, MatchRank } from "./match-rank.ts";
import { type PrefixRewrite, replacePrefix } from "./path-replacement.ts";
import { preflightOf } from "./preflight.ts";
import { envoyRedirect, type Redirect } from "./redirect.ts";
import type { FailureStatus } from "./rule-kind.ts";

/** Name of the filter in the connection manager, by which routes configure it. */
export const corsFilter = "envoy.filters.http.cors";

/** Bytes of a request's body that are kept for its retries; a longer one has one try. */
const retriedBytes = 1_048_576;

const corsPolicy = "envoy.extensions.filters.http.cors.v3.CorsPolicy";

/** One Envoy route that a rule's match becomes, as far as it does not depend on the virtual host. */
export interface RouteEntry {
  readonly rank: MatchRank;
  readonly origin: MatchOrigin;
  /** Fails because its rule cannot be served. */
  readonly dropped: boolean;
  /** Made for the preflights of a match with a method (G59): whoever asks for OPTIONS by name goes before it. */
  readonly preflight: boolean;
  readonly route: envoy.config.route.v3.Route;
  /** What extension servers are told of it; undefined where none has a say. */
  readonly extension: RouteExtension | undefined;
  readonly failureStatus: FailureStatus;
  /** What `route.redirect` is made of; redirects depend on the listener and the domain (G15, G47). */
  readonly redirect: Redirect | undefined;
}

export interface RouteExtension {
  /** What the rule's `extensionRef` filters name, in their order. */
  readonly objects: readonly ConfigObject[];
  /** Policies of extensions' kinds that name the route or the rule, sorted. */
  readonly policies: readonly ConfigObject[];
}

/** Where a route is put. */
export interface RoutePlace {
  readonly port: number;
  readonly scheme: "http" | "https";
  readonly domain: string;
}

/** The entries of all rules of a route, and what could not be said. */
export function ruleEntries(
  rules: readonly HttpRule[],
  of: RouteOrigin,
): { readonly entries: readonly RouteEntry[]; readonly problems: readonly Problem[] } {
  const built = rules.map((rule, index) => {
    const wanted = buildRule(rule, { ...of, rule: index }, rule.action);
    const problem = wanted.find((entry) => entry instanceof Problem);
    if (problem === undefined) return { entries: wanted.filter(isServed), problem };
    // What cannot be said fails wherever its matches can be said.
    const failing = buildRule({ ...rule, dropped: problem }, { ...of, rule: index }, { type: "fail" });
    return { entries: failing.filter(isServed), problem };
  });
  return {
    entries: built.flatMap(({ entries }) => entries),
    problems: built.flatMap(({ problem }) => problem ?? []),
  };
}

type RouteOrigin = Pick<MatchOrigin, "createdAt" | "namespace" | "name"> & {
  readonly policies: readonly AttachedPolicy[];
};

function buildRule(
  rule: HttpRule,
  of: RouteOrigin & Pick<MatchOrigin, "rule">,
  action: HttpAction,
): (RouteEntry | Problem)[] {
  return rule.matches.flatMap(({ match, index }) => {
    const own = buildMatch(rule, { ...of, match: index }, { match, action, preflight: false });
    const asked = rule.takesPreflights ? preflightOf(match) : undefined;
    if (asked === undefined) return own;
    return [...own, ...buildMatch(rule, { ...of, match: index }, { match: asked, action, preflight: true })];
  });
}

function buildMatch(
  rule: HttpRule,
  of: RouteOrigin & Pick<MatchOrigin, "rule" | "match">,
  { match, action, preflight }: Pick<RouteEntry, "preflight"> & { match: HttpMatch; action: HttpAction },
): (RouteEntry | Problem)[] {
  const { policies, ...origin } = of;
  const field = `rules[${origin.rule}].matches[${origin.match}]`;
  const extension = extensionOf(rule, policies);
  const forms = expand(field, match, action);
  if (forms instanceof Problem) return [forms];
  return forms.map((form) => {
    const entry = {
      rank: match.rank,
      origin,
      dropped: rule.dropped !== undefined,
      preflight,
      route: {
        name: `${origin.namespace}/${origin.name}/${rule.name}/${origin.match}`,
        match: envoyMatch(match, form),
        ...envoyAction(action, form, rule.failureStatus),
      },
      redirect: action.type === "redirect" ? action.redirect : undefined,
      extension,
      failureStatus: rule.failureStatus,
    };
    const placed = placedRoute(entry, { port: 1, scheme: "http", domain: anyHost });
    return fieldProblem(field, "envoy.config.route.v3.Route", placed) ?? entry;
  });
}

function extensionOf(rule: HttpRule, policies: readonly AttachedPolicy[]): RouteExtension | undefined {
  if (rule.action.type === "fail" || rule.dropped !== undefined) return undefined;
  const own = policies.filter(({ section }) => section === undefined || section === rule.name);
  if (rule.extensionObjects.length + own.length === 0) return undefined;
  return { objects: rule.extensionObjects, policies: own.map(({ object }) => object) };
}

/** The paths that a match becomes: more than one only where a prefix is replaced by nothing. */
function expand(field: string, match: HttpMatch, action: HttpAction): readonly PrefixRewrite[] | Problem {
  const replacement =
    action.type === "redirect"
      ? action.redirect.path
      : action.type === "forward"
        ? action.rewrite?.path
        : undefined;
  if (replacement?.type !== "prefix") return [{ path: match.path, rewrite: undefined }];
  return replacePrefix(field, match.path, replacement.replacement);
}

function envoyMatch(match: HttpMatch, { path }: PrefixRewrite): envoy.config.route.v3.RouteMatch {
  const said = path.type === "rawPrefix" ? { prefix: path.value } : envoyPath(path);
  return { ...said, ...match.conditions };
}

function envoyAction(
  action: HttpAction,
  { rewrite }: PrefixRewrite,
  failureStatus: FailureStatus,
): envoy.config.route.v3.Route {
  const prefixRewrite = rewrite === undefined ? {} : { prefixRewrite: rewrite };
  switch (action.type) {
    case "fail":
      return { directResponse: { status: failureStatus } };
    case "redirect":
      // Completed by `placedRoute`.
      return { redirect: prefixRewrite, ...envoyMutations(action.filters) };
    case "forward":
      return {
        route: { ...action.route, ...prefixRewrite },
        ...(action.route.retryPolicy === undefined
          ? {}
          : { perRequestBufferLimitBytes: { value: retriedBytes } }),
        ...envoyMutations(action.filters),
        ...envoyCors(action.filters),
      };
  }
}

function envoyCors({ cors }: Filters): Pick<envoy.config.route.v3.Route, "typedPerFilterConfig"> {
  if (cors === undefined) return {};
  return { typedPerFilterConfig: { [corsFilter]: packAny(corsPolicy, cors) } };
}

/** The Envoy route in a virtual host. */
export function placedRoute({ route, redirect }: RouteEntry, place: RoutePlace): envoy.config.route.v3.Route {
  if (redirect === undefined) return route;
  return { ...route, redirect: { ...envoyRedirect(redirect, place), ...route.redirect } };
}
