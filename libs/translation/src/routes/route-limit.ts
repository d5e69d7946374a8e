import { compareStrings, inOrder } from "@routeledger/std";
import { createdAt } from "../kinds.ts";
import type { GatewayView } from "../listeners/gateway-view.ts";
import { condition } from "../statuses/condition.ts";
import { type AttachedRoute, attachedRoute } from "../statuses/findings.ts";
import { type Domain, domainsOf } from "./domains.ts";
import type { RouteEntry } from "./route-entry.ts";
import { ruleKindOf } from "./rule-kind.ts";
import type { TranslatedRoute } from "./translated-route.ts";

/** Most Envoy routes of a Gateway: each match counts once for every domain that it may answer on (G37). */
export const envoyRoutesMax = 100_000;

export interface LimitedRoutes {
  readonly routes: readonly AttachedRoute[];
  readonly domains: readonly Domain[];
}

/**
 * Keeps a Gateway's tables within a limit (G37): the youngest routes beyond it are not accepted, and fail on
 * their hosts. Routes that are older never change by what younger ones add.
 */
export function withinLimit(
  gateway: GatewayView,
  routes: readonly AttachedRoute[],
  routesMax = envoyRoutesMax,
): LimitedRoutes {
  const domains = domainsOf(gateway, routes);
  const counts = envoyRoutes(domains);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total <= routesMax) return { routes, domains };
  let sum = 0;
  const refused = new Set<AttachedRoute>();
  for (const route of [...routes].sort(olderFirst)) {
    sum += (route.translated && counts.get(route.translated)) ?? 0;
    if (sum > routesMax && route.listeners.length > 0) refused.add(route);
  }
  const limited = routes.map((route) => (refused.has(route) ? refuse(route, routesMax) : route));
  return { routes: limited, domains: domainsOf(gateway, limited) };
}

function envoyRoutes(domains: readonly Domain[]): Map<TranslatedRoute, number> {
  const counts = new Map<TranslatedRoute, number>();
  for (const { hosted } of domains) {
    for (const { route } of hosted ?? []) counts.set(route, (counts.get(route) ?? 0) + route.entries.length);
  }
  return counts;
}

const olderFirst = inOrder<AttachedRoute>(
  (a, b) => compareStrings(createdAt(a.object), createdAt(b.object)),
  (a, b) => compareStrings(a.object.namespace, b.object.namespace),
  (a, b) => compareStrings(a.object.name, b.object.name),
);

function refuse({ object, attachments, translated }: AttachedRoute, routesMax: number): AttachedRoute {
  const message = `the Gateway has more than ${routesMax} matches, counted for each host; older routes come first`;
  const refused = translated && {
    ...translated,
    entries: [failing(translated)],
    upstreams: [],
    refused: condition("Accepted", "False", "UnsupportedValue", message),
    partiallyInvalid: undefined,
  };
  return attachedRoute(object, attachments, refused);
}

function failing({ object }: TranslatedRoute): RouteEntry {
  const { namespace, name } = object;
  return {
    rank: { path: "prefix", pathLength: 0, hasMethod: false, headers: 0, queryParameters: 0 },
    origin: { createdAt: createdAt(object), namespace, name, rule: 0, match: 0 },
    dropped: true,
    preflight: false,
    route: {
      name: `${namespace}/${name}`,
      match: { prefix: "/" },
      directResponse: { status: ruleKindOf(object).failureStatus },
    },
    redirect: undefined,
  };
}
