import { compareStrings, inOrder } from "@routeledger/std";
import { createdAt } from "../kinds.ts";
import { condition } from "../statuses/condition.ts";
import { type AttachedRoute, attachedRoute } from "../statuses/findings.ts";
import type { RouteEntry } from "./route-entry.ts";
import { ruleKindOf } from "./rule-kind.ts";
import type { TranslatedRoute } from "./translated-route.ts";

/** Most Envoy routes of a Gateway: each match counts once for every domain that it may answer on (G37). */
export const envoyRoutesMax = 100_000;

/**
 * The youngest routes beyond a limit, by object key (G37): they are not accepted, and fail on their hosts. Routes that
 * are older never change by what younger ones add.
 * @param countOf how many Envoy routes the route of a key asks for
 */
export function beyondLimit(
  routes: readonly AttachedRoute[],
  countOf: (key: string) => number,
  routesMax: number,
): ReadonlyMap<string, AttachedRoute> {
  const beyond = new Map<string, AttachedRoute>();
  let sum = 0;
  for (const route of [...routes].sort(olderFirst)) {
    sum += countOf(route.key);
    if (sum > routesMax && route.listeners.length > 0) beyond.set(route.key, route);
  }
  return beyond;
}

const olderFirst = inOrder<AttachedRoute>(
  (a, b) => compareStrings(createdAt(a.object), createdAt(b.object)),
  (a, b) => compareStrings(a.object.namespace, b.object.namespace),
  (a, b) => compareStrings(a.object.name, b.object.name),
  (a, b) => compareStrings(a.object.kind, b.object.kind),
);

/** The route as it is beyond the limit: it keeps its hosts, and answers with a failure on them. */
export function refuse({ object, attachments, translated }: AttachedRoute, routesMax: number): AttachedRoute {
  const message = `the Gateway has more than ${routesMax} matches, counted for each host; older routes come first`;
  const refused = translated && {
    ...translated,
    entries: [failing(translated)],
    wantedEntries: translated.wantedEntries ?? translated.entries.length,
    upstreams: [],
    refused: condition("Accepted", "False", "UnsupportedValue", message),
    partiallyInvalid: undefined,
  };
  return attachedRoute(object, attachments, refused);
}

function failing({ object }: TranslatedRoute): RouteEntry {
  const { namespace, name } = object;
  const { failureStatus } = ruleKindOf(object);
  return {
    rank: { path: "prefix", pathLength: 0, hasMethod: false, headers: 0, queryParameters: 0 },
    origin: { createdAt: createdAt(object), namespace, name, rule: 0, match: 0 },
    dropped: true,
    preflight: false,
    route: {
      name: `${namespace}/${name}`,
      match: { prefix: "/" },
      directResponse: { status: failureStatus },
    },
    redirect: undefined,
    extension: undefined,
    failureStatus,
  };
}
