import type { envoy } from "@routeledger/protos";
import { envoyMutations } from "./backend-shares.ts";
import type { HttpAction, HttpRule } from "./http-rule.ts";
import { envoyPath, type HttpMatch } from "./match.ts";
import type { MatchOrigin, MatchRank } from "./match-rank.ts";
import { type PrefixRewrite, replacePrefix } from "./path-replacement.ts";
import { Problem } from "./problem.ts";
import { envoyRedirect, type Redirect } from "./redirect.ts";

/** One Envoy route that a rule's match becomes, as far as it does not depend on the virtual host. */
export interface RouteEntry {
  readonly rank: MatchRank;
  readonly origin: MatchOrigin;
  /** Answers 500 because its rule cannot be served. */
  readonly dropped: boolean;
  readonly route: envoy.config.route.v3.Route;
  /** What `route.redirect` is made of; redirects depend on the listener and the domain (G15, G47). */
  readonly redirect: Redirect | undefined;
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
  of: Pick<MatchOrigin, "createdAt" | "namespace" | "name">,
): { readonly entries: readonly RouteEntry[]; readonly problems: readonly Problem[] } {
  const entries: RouteEntry[] = [];
  const problems: Problem[] = [];
  for (const [ruleIndex, rule] of rules.entries()) {
    const base = `${of.namespace}/${of.name}/${rule.name}`;
    const expanded = rule.matches.map((match, index) => ({
      match,
      paths: expand(`rules[${ruleIndex}].matches[${index}]`, match, rule.action),
    }));
    const problem = expanded.map(({ paths }) => paths).find((paths) => paths instanceof Problem);
    if (problem instanceof Problem) problems.push(problem);
    const action: HttpAction = problem === undefined ? rule.action : { type: "fail" };
    for (const [index, { match, paths }] of expanded.entries()) {
      const origin = { ...of, rule: ruleIndex, match: index };
      const forms =
        problem === undefined && !(paths instanceof Problem)
          ? paths
          : [{ path: match.path, rewrite: undefined }];
      for (const form of forms) {
        entries.push({
          rank: match.rank,
          origin,
          dropped: rule.dropped !== undefined || problem !== undefined,
          route: { name: `${base}/${index}`, match: envoyMatch(match, form), ...envoyAction(action, form) },
          redirect: action.type === "redirect" ? action.redirect : undefined,
        });
      }
    }
  }
  return { entries, problems };
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

function envoyAction(action: HttpAction, { rewrite }: PrefixRewrite): envoy.config.route.v3.Route {
  const prefixRewrite = rewrite === undefined ? {} : { prefixRewrite: rewrite };
  switch (action.type) {
    case "fail":
      return { directResponse: { status: 500 } };
    case "redirect":
      // Completed by `placedRoute`.
      return { redirect: prefixRewrite, ...envoyMutations(action.filters) };
    case "forward":
      return { route: { ...action.route, ...prefixRewrite }, ...envoyMutations(action.filters) };
  }
}

/** The Envoy route in a virtual host. */
export function placedRoute({ route, redirect }: RouteEntry, place: RoutePlace): envoy.config.route.v3.Route {
  if (redirect === undefined) return route;
  return { ...route, redirect: { ...envoyRedirect(redirect, place), ...route.redirect } };
}
