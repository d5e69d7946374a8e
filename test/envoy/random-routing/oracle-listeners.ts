/**
 * Which listener a request belongs to, and which routes are attached to it: straight from the specification, for one
 * port of one Gateway. Nothing here is shared with the translation.
 */
import {
  type Gateway,
  type GatewayObject,
  granted,
  type Listener,
  type ListenerSet,
  ofKind,
  olderFirst,
  type Route,
} from "./gateway-objects.ts";

const gatewayGroup = "gateway.networking.k8s.io";

/** A listener that takes connections. `hostname` is `*` where it has none. */
export interface Served {
  readonly owner: Gateway | ListenerSet;
  readonly listener: Listener;
  readonly hostname: string;
}

/** Whether all that the one name stands for is in the other (G7); `*` is every name, `*.a` any labels before `.a`. */
export function within(narrow: string, wide: string): boolean {
  if (wide === "*" || narrow === wide) return true;
  return wide.startsWith("*.") && narrow.endsWith(wide.slice(1));
}

/** Larger is more specific: exact names, then wildcards by their length, then none (G20). */
export function specificity(hostname: string): number {
  if (hostname === "*") return 0;
  return hostname.startsWith("*.") ? hostname.length : 1_000 + hostname.length;
}

/** Whether two names have a host in common. */
function meet(a: string, b: string): boolean {
  return within(a, b) || within(b, a);
}

/**
 * The listeners of a port that serve: without those that conflict. Of a Gateway's own that conflict none serves (G8),
 * and all of them go before those of ListenerSets; of these the ones that give way keep no other out (G10). One
 * without certificate does not serve (G86), but keeps its place: it is accepted.
 */
export function servedListeners(objects: readonly GatewayObject[], port: number): Served[] {
  return ofKind(objects, "Gateway").flatMap((gateway) => {
    const taken: Served[] = [];
    const served: Served[] = [];
    for (const owner of [gateway, ...setsOf(objects, gateway)]) {
      const own = owner.spec.listeners
        .filter((listener) => listener.port === port)
        .map((listener) => ({ owner, listener, hostname: listener.hostname ?? "*" }))
        .filter((one) => !taken.some((other) => conflict(one, other)));
      const alone = own.filter((one) => !own.some((other) => other !== one && conflict(one, other)));
      taken.push(...(owner === gateway ? own : alone));
      served.push(...alone.filter((one) => usable(objects, one)));
    }
    return served;
  });
}

/** ListenerSets that the Gateway lets in, older first (G10). */
function setsOf(objects: readonly GatewayObject[], { metadata, spec }: Gateway): ListenerSet[] {
  const from = spec.allowedListeners?.namespaces?.from ?? "None";
  return ofKind(objects, "ListenerSet")
    .filter(({ metadata: { namespace }, spec: { parentRef } }) => {
      const parent = parentRef.namespace ?? namespace;
      if (parentRef.name !== metadata.name || parent !== metadata.namespace) return false;
      return from === "All" || (from === "Same" && namespace === metadata.namespace);
    })
    .sort(olderFirst);
}

function conflict(a: Served, b: Served): boolean {
  return a.listener.protocol !== b.listener.protocol || a.hostname === b.hostname;
}

function usable(objects: readonly GatewayObject[], { owner, listener }: Served): boolean {
  if (listener.protocol === "HTTP") return true;
  const from = { group: gatewayGroup, kind: owner.kind, namespace: owner.metadata.namespace };
  return (listener.tls?.certificateRefs ?? []).some(({ name, namespace = from.namespace }) => {
    const exists = ofKind(objects, "Secret").some(
      ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
    );
    return exists && granted(objects, from, { group: "", kind: "Secret", namespace, name });
  });
}

/** The most specific listener whose hostname covers the host (G12), or the server name of a TLS connection (G88). */
export function mostSpecific(listeners: readonly Served[], host: string): Served | undefined {
  return listeners
    .filter(({ hostname }) => within(host, hostname))
    .sort((a, b) => specificity(b.hostname) - specificity(a.hostname))[0];
}

/**
 * The routes of a listener: it is their parent, allows them, and has a host in common with them (G2, G3). Where an
 * HTTPRoute and a GRPCRoute want one host the older one has it (G16).
 * @param allDropped whether a route can serve none of its rules: such a one gives way to every other
 */
export function routesOf(
  objects: readonly GatewayObject[],
  served: Served,
  allDropped: (route: Route) => boolean,
): Route[] {
  const routes = [...ofKind(objects, "HTTPRoute"), ...ofKind(objects, "GRPCRoute")] as Route[];
  const candidates = routes
    .filter((route) => isParent(route, served) && allows(served, route) && hostsAt(route, served).length > 0)
    .sort(
      (a, b) =>
        Number(allDropped(a)) - Number(allDropped(b)) ||
        olderFirst(a, b) ||
        (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0),
    );
  const accepted: Route[] = [];
  for (const route of candidates) {
    const hosts = hostsAt(route, served);
    const taken = accepted.some(
      (other) =>
        other.kind !== route.kind &&
        hostsAt(other, served).some((one) => hosts.some((host) => meet(one, host))),
    );
    if (!taken) accepted.push(route);
  }
  return accepted;
}

function isParent({ metadata, spec }: Route, { owner, listener }: Served): boolean {
  return (spec.parentRefs ?? []).some(
    ({ kind = "Gateway", namespace = metadata.namespace, name, sectionName, port }) =>
      kind === owner.kind &&
      namespace === owner.metadata.namespace &&
      name === owner.metadata.name &&
      (sectionName === undefined || sectionName === listener.name) &&
      (port === undefined || port === listener.port),
  );
}

function allows({ owner, listener: { allowedRoutes = {} } }: Served, { kind, metadata }: Route): boolean {
  const { namespaces = {}, kinds = [] } = allowedRoutes;
  if (kinds.length > 0 && !kinds.some((one) => one.kind === kind)) return false;
  const { from = "Same", selector } = namespaces;
  if (from === "All") return true;
  if (from === "Same") return metadata.namespace === owner.metadata.namespace;
  return selector?.matchLabels?.["kubernetes.io/metadata.name"] === metadata.namespace;
}

/** The hosts that a route wants there: of its name and the listener's, the more specific (G7). */
function hostsAt({ spec }: Route, { hostname }: Served): string[] {
  const names = spec.hostnames?.length ? spec.hostnames : ["*"];
  return names
    .filter((name) => meet(name, hostname))
    .map((name) => (within(name, hostname) ? name : hostname));
}
