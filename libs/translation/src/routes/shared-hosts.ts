import { compareNumbers, compareStrings, inOrder } from "@routeledger/std";
import { coveringNames, intersect } from "../hostnames.ts";
import { createdAt } from "../kinds.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import type { MemoTable } from "../memo-table.ts";
import { condition } from "../statuses/condition.ts";
import { type AttachedRoute, attachedRoute } from "../statuses/findings.ts";
import { type ParentAttachment, routeHostnames } from "./attach.ts";

/** An HTTPRoute and a GRPCRoute that ask for a host of one listener. */
interface Contest {
  readonly listener: ListenerView;
  /** The wider of the names that both have. */
  readonly hostname: string;
  readonly http: AttachedRoute;
  readonly grpc: AttachedRoute;
}

/** Where a route gives way, and to whom. */
export type Losses = ReadonlyMap<ListenerView, { readonly hostname: string; readonly winner: AttachedRoute }>;

/**
 * At each listener an HTTPRoute and a GRPCRoute that have a host in common exclude each other (G16): the older one
 * takes the listener, then the first by namespace and name. One that is not accepted for another reason gives way to
 * all, and one that gave way reserves nothing. What nobody contests is the same instance as before.
 * @param tables two tables of the node group that nothing else uses
 */
export function withoutSharedHosts(
  routes: readonly AttachedRoute[],
  { contests, losers }: { readonly contests: MemoTable; readonly losers: MemoTable },
): readonly AttachedRoute[] {
  const grpcRoutes = routes.filter(({ object }) => object.kind === "GRPCRoute");
  const found: Contest[] = [];
  if (grpcRoutes.length > 0) {
    const claims = contests.get("claims", grpcRoutes, () => claimsOf(grpcRoutes));
    for (const route of routes) {
      if (route.object.kind !== "HTTPRoute") continue;
      found.push(...contests.get(route.object, [route, claims], () => contestsOf(route, claims)));
    }
  }
  contests.endRound();
  const lost = decide(found);
  const result = routes.map((route) => {
    const losses = lost.get(route);
    if (losses === undefined) return route;
    const inputs = [route, ...[...losses].flatMap(([listener, { winner }]) => [listener, winner])];
    return losers.get(route.object, inputs, () => giveWay(route, losses));
  });
  losers.endRound();
  return lost.size === 0 ? routes : result;
}

/** The GRPCRoutes of a listener, by the names that they have there, and by every name that covers one of those. */
interface Claims {
  readonly named: ReadonlyMap<string, readonly AttachedRoute[]>;
  readonly below: ReadonlyMap<string, readonly AttachedRoute[]>;
}

function claimsOf(routes: readonly AttachedRoute[]): ReadonlyMap<ListenerView, Claims> {
  const claims = new Map<ListenerView, { readonly named: RoutesByName; readonly below: RoutesByName }>();
  for (const route of routes) {
    for (const listener of listenersOf(route)) {
      const own = claims.get(listener) ?? { named: new Map(), below: new Map() };
      claims.set(listener, own);
      for (const name of namesAt(route, listener)) {
        add(own.named, name, route);
        for (const wider of coveringNames(name).slice(1)) add(own.below, wider, route);
      }
    }
  }
  return claims;
}

type RoutesByName = Map<string, AttachedRoute[]>;

function add(lists: RoutesByName, name: string, route: AttachedRoute): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [route]);
  else if (list.at(-1) !== route) list.push(route);
}

function contestsOf(http: AttachedRoute, claims: ReadonlyMap<ListenerView, Claims>): readonly Contest[] {
  return listenersOf(http).flatMap((listener) => {
    const claimed = claims.get(listener);
    if (claimed === undefined) return [];
    const rivals = new Map<AttachedRoute, string>();
    for (const name of namesAt(http, listener)) {
      for (const wider of coveringNames(name))
        for (const grpc of claimed.named.get(wider) ?? []) if (!rivals.has(grpc)) rivals.set(grpc, wider);
      for (const grpc of claimed.below.get(name) ?? []) if (!rivals.has(grpc)) rivals.set(grpc, name);
    }
    return [...rivals].map(([grpc, hostname]) => ({ listener, hostname, http, grpc }));
  });
}

/** What a route's names mean at a listener: others are ignored (G7). */
export function namesAt({ object }: AttachedRoute, { hostname }: ListenerView): readonly string[] {
  const names = routeHostnames(object).map((written) => intersect(written, hostname));
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** The listeners that take a route, each once. */
export function listenersOf({ attachments }: AttachedRoute): readonly ListenerView[] {
  return [...new Set(attachments.flatMap(({ listeners }) => listeners))];
}

function decide(contests: readonly Contest[]): ReadonlyMap<AttachedRoute, Losses> {
  const byRoute = new Map<AttachedRoute, Contest[]>();
  for (const contest of contests) {
    for (const route of [contest.http, contest.grpc]) {
      const own = byRoute.get(route);
      if (own === undefined) byRoute.set(route, [contest]);
      else own.push(contest);
    }
  }
  const decided = [...byRoute.keys()].sort(compareClaims);
  const places = new Map(decided.map((route, place) => [route, place]));
  const lost = new Map<AttachedRoute, Map<ListenerView, { hostname: string; winner: AttachedRoute }>>();
  for (const [place, route] of decided.entries()) {
    for (const { listener, hostname, http, grpc } of byRoute.get(route) ?? []) {
      const rival = http === route ? grpc : http;
      const rivalPlace = places.get(rival) ?? place;
      if (rivalPlace > place || lost.get(rival)?.has(listener)) continue;
      const losses = lost.get(route) ?? new Map();
      lost.set(route, losses);
      const known = losses.get(listener);
      if (known === undefined || rivalPlace < (places.get(known.winner) ?? place))
        losses.set(listener, { hostname, winner: rival });
    }
  }
  return lost;
}

/**
 * Whose claim on a host comes first (G16): the older route's, then by namespace and name. One that is not accepted for
 * another reason comes after all.
 */
export const compareClaims = inOrder<AttachedRoute>(
  (a, b) => compareNumbers(Number(isRefused(a)), Number(isRefused(b))),
  (a, b) => compareStrings(createdAt(a.object), createdAt(b.object)),
  (a, b) => compareStrings(a.object.namespace, b.object.namespace),
  (a, b) => compareStrings(a.object.name, b.object.name),
  (a, b) => compareStrings(a.object.kind, b.object.kind),
);

function isRefused({ translated }: AttachedRoute): boolean {
  return translated?.refused !== undefined;
}

/** The route without what it lost. */
export function giveWay(route: AttachedRoute, losses: Losses): AttachedRoute {
  const { object, translated } = route;
  const attachments = route.attachments.map((attachment): ParentAttachment => {
    const lost = attachment.listeners.filter((listener) => losses.has(listener));
    if (lost.length === 0) return attachment;
    const listeners = attachment.listeners.filter((listener) => !losses.has(listener));
    const message = lost.map((listener) => lossMessage(route, listener, losses)).join("; ");
    const accepted =
      listeners.length > 0
        ? condition("Accepted", "True", "Accepted", message)
        : (translated?.refused ?? condition("Accepted", "False", "NoMatchingListenerHostname", message));
    return { ...attachment, listeners, accepted };
  });
  return attachedRoute(object, attachments, translated);
}

/** Names the winner to those who may see it: in its own namespace (G110). */
function lossMessage({ object }: AttachedRoute, listener: ListenerView, losses: Losses): string {
  const { hostname, winner } = losses.get(listener) ?? { hostname: "", winner: undefined };
  const { kind = "", namespace = "", name = "" } = winner?.object ?? {};
  const which =
    namespace === object.namespace ? `${kind} ${namespace}/${name}` : `a ${kind} of another namespace`;
  return `listener ${listener.name}: ${hostname} is served by ${which}, which comes first; HTTPRoute and GRPCRoute cannot share a host`;
}
