import { type Condition, condition } from "../statuses/condition.ts";
import type { ListenerDraft } from "./listener-draft.ts";

const noConflict = condition("Conflicted", "False", "NoConflicts");

/**
 * Whether each listener can be told apart from the others of the Gateway and its ListenerSets. Of the Gateway's own, all
 * that cannot are conflicted, none wins (G8); HTTPS and TLS are one class (G9). A ListenerSet's gives way to the
 * Gateway's and to those of the sets before it; one that gives way, or is not accepted, keeps no other set's out (G10).
 * Of those of one set that are left none comes first: among them it is as in a Gateway (GEP-1713).
 * @param own the Gateway's
 * @param sets each set's, in their precedence
 */
export function findConflicts(
  own: readonly ListenerDraft[],
  sets: readonly (readonly ListenerDraft[])[],
): ReadonlyMap<ListenerDraft, Condition> {
  const found = new Map(own.map((draft): [ListenerDraft, Condition] => [draft, conflictAmong(draft, own)]));
  const taken = own.filter(({ accepted }) => accepted.status === "True");
  for (const set of sets) {
    for (const draft of set) found.set(draft, conflictWith(draft, taken));
    const left = set.filter((draft) => found.get(draft) === noConflict);
    for (const draft of left) found.set(draft, conflictAmong(draft, left));
    taken.push(
      ...left.filter((draft) => found.get(draft) === noConflict && draft.accepted.status === "True"),
    );
  }
  return found;
}

function conflictAmong(listener: ListenerDraft, all: readonly ListenerDraft[]): Condition {
  const { reason, others } = conflictOf(listener, all);
  if (reason === undefined) return noConflict;
  const names = others.map(({ name }) => name).sort();
  const message = `port ${listener.port}: listeners ${names.join(", ")} have the same ${shared(reason)}`;
  return condition("Conflicted", "True", reason, message);
}

/** Does not name the other one: it may be of a namespace that the reader may not see (G110). */
function conflictWith(listener: ListenerDraft, taken: readonly ListenerDraft[]): Condition {
  const { reason } = conflictOf(listener, taken);
  if (reason === undefined) return noConflict;
  const message = `port ${listener.port}: a listener that comes first has the same ${shared(reason)}`;
  return condition("Conflicted", "True", reason, message);
}

function shared(reason: ConflictReason): string {
  return reason === "HostnameConflict" ? "port and hostname" : "port in another protocol";
}

type ConflictReason = "ProtocolConflict" | "HostnameConflict";

function conflictOf(
  listener: ListenerDraft,
  all: readonly ListenerDraft[],
): { readonly reason: ConflictReason | undefined; readonly others: readonly ListenerDraft[] } {
  if (listener.portClass === "" || listener.port === 0) return { reason: undefined, others: [] };
  const onPort = all.filter(
    (other) => other !== listener && other.port === listener.port && other.portClass !== "",
  );
  const otherProtocols = onPort.filter((other) => !sharesPort(listener, other));
  if (otherProtocols.length > 0) return { reason: "ProtocolConflict", others: otherProtocols };
  const sameHost = onPort.filter(
    ({ portClass, hostname }) => portClass === listener.portClass && hostname === listener.hostname,
  );
  return { reason: sameHost.length > 0 ? "HostnameConflict" : undefined, others: sameHost };
}

function sharesPort(a: ListenerDraft, b: ListenerDraft): boolean {
  const classes = [a.portClass, b.portClass];
  if (a.portClass === b.portClass) return a.portClass === "http" || a.portClass === "tls";
  return classes.includes("udp");
}
