import type { ProxyRejection, RevisionDelivery } from "@routeledger/snapshot-store";
import type { JsonObject } from "@routeledger/std";

/** What proxies say of an object: a condition without type and observedGeneration. */
export interface Verdict {
  readonly status: "True" | "False";
  readonly reason: "Programmed" | "Pending" | "Rejected";
  readonly message: string;
  /** Of the delivery that decided it, milliseconds since 1970; 0: there was none. */
  readonly atMs: number;
}

/** What an object made and proxies refused, in the first one's words; undefined: nothing. */
export function rejectedVerdict(rejections: readonly ProxyRejection[]): Verdict | undefined {
  const [first] = rejections;
  if (first === undefined) return undefined;
  const others = new Set(rejections.map(({ node }) => node)).size - 1;
  const { node, typeName, name, message: words } = first;
  const more = others > 0 ? ` and ${others} more` : "";
  const message = `proxy ${node}${more} rejected ${typeName} ${name}: ${words.trim()}`;
  return {
    status: "False",
    reason: "Rejected",
    message,
    atMs: Math.min(...rejections.map(({ timeMs }) => timeMs)),
  };
}

/** Programmed when every connected proxy of the group, and at least one, has acknowledged the object's revision. */
export function deliveredVerdict({ proxies }: RevisionDelivery): Verdict {
  const acknowledged = proxies.filter((proxy) => proxy.acknowledged);
  if (proxies.length > 0 && acknowledged.length === proxies.length) {
    const atMs = Math.max(...acknowledged.map(({ ackedMs }) => ackedMs));
    return { status: "True", reason: "Programmed", message: "", atMs };
  }
  const message =
    proxies.length === 0
      ? "no proxy is connected"
      : `${acknowledged.length} of ${proxies.length} proxies have acknowledged it`;
  return { status: "False", reason: "Pending", message, atMs: 0 };
}

/** The condition that a verdict makes of one that the translator set True, whose time stands where no delivery decided. */
export function verdictCondition(
  condition: JsonObject,
  verdict: Verdict,
  names: { rejected: string },
): JsonObject {
  const { status, reason, message, atMs } = verdict;
  const time = atMs > 0 ? { lastTransitionTime: `${new Date(atMs).toISOString().slice(0, 19)}Z` } : {};
  if (status === "True") return { ...condition, ...time };
  const said = reason === "Rejected" ? names.rejected : reason;
  return {
    ...condition,
    ...time,
    status,
    reason: said,
    message: message.slice(0, messageMax).toWellFormed(),
  };
}

/** What the CRDs allow. */
const messageMax = 32_768;
