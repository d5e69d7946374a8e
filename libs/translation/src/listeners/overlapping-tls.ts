import { intersect } from "../hostnames.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import type { ListenerView } from "./listener-view.ts";

/**
 * Rule G92: what two HTTPS listeners of a port overlap in, on both of them: a client may send the one's requests on a
 * connection to the other. Requests that come so are answered 421 (G91).
 * @param listeners of one Gateway and its ListenerSets
 */
export function overlapsOf(listeners: readonly ListenerView[]): ReadonlyMap<ListenerView, Condition> {
  const secure = listeners.filter(({ serves, tls }) => serves && tls !== undefined);
  const found = new Map<ListenerView, Condition>();
  for (const onPort of Map.groupBy(secure, ({ port }) => port).values()) {
    for (const listener of onPort) {
      const others = onPort.filter((other) => other !== listener && overlapsHost(listener, other));
      if (others.length === 0) continue;
      const certificates = others.some((other) => overlapsCertificate(listener, other));
      const reason = certificates ? "OverlappingCertificates" : "OverlappingHostnames";
      const message = `port ${listener.port}: other listeners overlap in their ${certificates ? "certificates' names" : "hostnames"}`;
      found.set(listener, condition("OverlappingTLSConfig", "True", reason, message));
    }
  }
  return found;
}

function overlapsHost(a: ListenerView, b: ListenerView): boolean {
  return intersect(a.hostname, b.hostname) !== undefined || overlapsCertificate(a, b);
}

function overlapsCertificate(a: ListenerView, b: ListenerView): boolean {
  return (a.tls?.names ?? []).some((name) =>
    (b.tls?.names ?? []).some((other) => intersect(name, other) !== undefined),
  );
}
