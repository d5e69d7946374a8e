import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { anyHost, intersect, parseHostname } from "../hostnames.ts";
import { gatewayGroup, specOf } from "../kinds.ts";
import type { GatewayView } from "../listeners/gateway-view.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import { allowsNamespace } from "../listeners/namespace-rule.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { integerOf, listOf, objectsOf, shown, textOf } from "../untrusted.ts";

/** What one parentRef of a route means at a Gateway. */
export interface ParentAttachment {
  /** Position in spec.parentRefs. */
  readonly index: number;
  readonly parentRef: JsonObject;
  readonly accepted: Condition;
  /** Listeners that take the route, in the Gateway's order. */
  readonly listeners: readonly ListenerView[];
}

/** Most parentRefs of a route that are looked at: what the schema allows. */
const parentRefsMax = 32;

/** The kinds that a route may have as its parent. */
export const parentKinds = ["Gateway", "ListenerSet"] as const;

/** `kind/namespace/name` of the Gateway or ListenerSet that a parentRef means; undefined when it means another kind (G1). */
export function parentKey(parentRef: JsonObject, routeNamespace: string): string | undefined {
  const group = textOf(parentRef.group) ?? gatewayGroup;
  const kind = textOf(parentRef.kind) ?? "Gateway";
  if (group !== gatewayGroup || !parentKinds.some((known) => known === kind)) return undefined;
  return `${kind}/${textOf(parentRef.namespace) ?? routeNamespace}/${textOf(parentRef.name) ?? ""}`;
}

/** The key of an object that may be a parent. */
export function keyOfParent({ kind, namespace, name }: ConfigObject): string {
  return `${kind}/${namespace}/${name}`;
}

export function parentRefsOf(route: ConfigObject): readonly JsonObject[] {
  return objectsOf(specOf(route).parentRefs).slice(0, parentRefsMax);
}

/** Hostnames that a route wrote, in lower case; `*` alone when it wrote none. */
export function routeHostnames(route: ConfigObject): readonly string[] {
  const written = listOf(specOf(route).hostnames);
  if (written.length === 0) return [anyHost];
  const names = written.map((name) => (typeof name === "string" ? parseHostname(name) : undefined));
  return [...new Set(names.filter((name) => name !== undefined))];
}

/**
 * Attaches a route to a Gateway: for each parentRef that means the Gateway or one of its ListenerSets, the listeners that
 * take the route, or the reason why none does. In this order: sectionName and port (G2), kind and namespace, hostname
 * (G3). A Gateway as parent means the Gateway's own listeners, a ListenerSet that set's.
 * @param namespace the route's Namespace object, if there is one
 */
export function attachRoute(
  route: ConfigObject,
  gateway: GatewayView,
  namespace: ConfigObject | undefined,
): readonly ParentAttachment[] {
  return parentRefsOf(route).flatMap((parentRef, index) => {
    const parent = parentOf(gateway, parentKey(parentRef, route.namespace));
    if (parent === undefined) return [];
    const own = gateway.listeners.filter(({ owner }) => owner === parent);
    const selected = own.filter((listener) => isSelected(listener, parentRef));
    if (selected.length === 0)
      return [{ index, parentRef, listeners: [], accepted: noMatchingParent(parentRef, own.length > 0) }];
    const allowed = selected.filter((listener) => allows(listener, route, namespace));
    if (allowed.length === 0)
      return [{ index, parentRef, listeners: [], accepted: notAllowed(route, selected) }];
    const listeners = allowed.filter((listener) => hasHostname(route, listener));
    const accepted =
      listeners.length === 0 ? noHostname(route, allowed) : condition("Accepted", "True", "Accepted");
    return [{ index, parentRef, listeners, accepted }];
  });
}

function parentOf({ object, sets }: GatewayView, key: string | undefined): ConfigObject | undefined {
  if (key === undefined) return undefined;
  if (key === keyOfParent(object)) return object;
  return sets.find((set) => key === keyOfParent(set.object))?.object;
}

function isSelected(listener: ListenerView, parentRef: JsonObject): boolean {
  const section = textOf(parentRef.sectionName) ?? "";
  const port = integerOf(parentRef.port);
  return (section === "" || section === listener.name) && (port === undefined || port === listener.port);
}

function allows(listener: ListenerView, route: ConfigObject, namespace: ConfigObject | undefined): boolean {
  const { owner, namespaces, supportedKinds } = listener;
  return (
    supportedKinds.includes(route.kind) &&
    allowsNamespace(namespaces, { own: owner.namespace, asked: route.namespace, object: namespace })
  );
}

function hasHostname(route: ConfigObject, listener: ListenerView): boolean {
  return routeHostnames(route).some((name) => intersect(name, listener.hostname) !== undefined);
}

function noMatchingParent(parentRef: JsonObject, hasListeners: boolean): Condition {
  const { sectionName = null, port = null } = parentRef;
  const message = hasListeners
    ? `no listener has sectionName ${shown(sectionName)} and port ${shown(port)}`
    : "the parent has no listeners at the Gateway";
  return condition("Accepted", "False", "NoMatchingParent", message);
}

function notAllowed(route: ConfigObject, listeners: readonly ListenerView[]): Condition {
  const why = listeners.map((listener) =>
    listener.supportedKinds.includes(route.kind)
      ? `${listener.name} does not allow namespace ${route.namespace}`
      : `${listener.name} (${listener.protocol}) does not take ${route.kind}`,
  );
  return condition("Accepted", "False", "NotAllowedByListeners", `listener ${why.join("; listener ")}`);
}

function noHostname(route: ConfigObject, listeners: readonly ListenerView[]): Condition {
  const names = listeners.map(({ name, hostname }) => `${name} (${hostname})`).join(", ");
  const message = `hostnames ${shown(specOf(route).hostnames)} have nothing in common with listeners ${names}`;
  return condition("Accepted", "False", "NoMatchingListenerHostname", message);
}
