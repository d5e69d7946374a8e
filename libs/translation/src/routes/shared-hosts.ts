import { compareNumbers, compareStrings, inOrder } from "@routeledger/std";
import { intersect } from "../hostnames.ts";
import { createdAt } from "../kinds.ts";
import type { ListenerView } from "../listeners/listener-view.ts";
import { condition } from "../statuses/condition.ts";
import { type AttachedRoute, attachedRoute } from "../statuses/findings.ts";
import { type ParentAttachment, routeHostnames } from "./attach.ts";

/** Where a route gives way, and to whom. */
export type Losses = ReadonlyMap<ListenerView, { readonly hostname: string; readonly winner: AttachedRoute }>;

/** What a route's names mean at a listener: others are ignored (G7). */
export function namesAt({ object }: AttachedRoute, { hostname }: ListenerView): readonly string[] {
  const names = routeHostnames(object).map((written) => intersect(written, hostname));
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** The listeners that take a route, each once. */
export function listenersOf({ attachments }: AttachedRoute): readonly ListenerView[] {
  return [...new Set(attachments.flatMap(({ listeners }) => listeners))];
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
