import { type Condition, condition } from "../statuses/condition.ts";
import type { ListenerDraft } from "./listener-view.ts";

const noConflict = condition("Conflicted", "False", "NoConflicts");

/**
 * Whether a listener can be told apart from the others of its Gateway. All that cannot are conflicted, none wins (G8);
 * HTTPS and TLS are one class (G9).
 */
export function conflictOf(listener: ListenerDraft, all: readonly ListenerDraft[]): Condition {
  if (listener.portClass === "" || listener.port === 0) return noConflict;
  const others = all.filter(
    (other) => other !== listener && other.port === listener.port && other.portClass !== "",
  );
  const otherProtocols = others.filter((other) => !sharesPort(listener, other));
  if (otherProtocols.length > 0) return conflicted("ProtocolConflict", listener, otherProtocols);
  const sameHost = others.filter(
    (other) => other.portClass === listener.portClass && other.hostname === listener.hostname,
  );
  return sameHost.length > 0 ? conflicted("HostnameConflict", listener, sameHost) : noConflict;
}

function sharesPort(a: ListenerDraft, b: ListenerDraft): boolean {
  const classes = [a.portClass, b.portClass];
  if (a.portClass === b.portClass) return a.portClass === "http" || a.portClass === "tls";
  return classes.includes("udp");
}

function conflicted(reason: string, listener: ListenerDraft, others: readonly ListenerDraft[]): Condition {
  const names = others.map(({ name }) => name).sort();
  const what = reason === "HostnameConflict" ? "port and hostname" : "port in another protocol";
  const message = `port ${listener.port}: listeners ${names.join(", ")} have the same ${what}`;
  return condition("Conflicted", "True", reason, message);
}
