import type { RevisionDelivery, StoredObject } from "@routeledger/snapshot-store";
import { formatRevision, type JsonObject, type JsonValue } from "@routeledger/std";

/** An object as people get it: with its status, and the revision that wrote it as resourceVersion. */
export function objectAnswer(stored: StoredObject, delivery: RevisionDelivery | undefined): JsonObject {
  const { metadata, ...rest } = JSON.parse(stored.json) as JsonObject;
  const status = stored.status === undefined ? undefined : (JSON.parse(stored.status) as JsonObject);
  const joined = status && delivery ? withProgrammed(status, delivery) : status;
  return {
    ...rest,
    metadata: { ...(metadata as JsonObject), resourceVersion: formatRevision(stored.revision) },
    ...(joined && { status: joined }),
  };
}

export function isGateway({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return group === "gateway.networking.k8s.io" && kind === "Gateway";
}

/**
 * Joins what proxies said into a Gateway's status and its listeners': what the translator could program is
 * programmed when every connected proxy, and at least one, has acknowledged the object's revision.
 */
function withProgrammed(status: JsonObject, delivery: RevisionDelivery): JsonObject {
  const join = (conditions: JsonValue | undefined): JsonValue[] | undefined =>
    Array.isArray(conditions)
      ? conditions.map((condition) => programmedCondition(condition as JsonObject, delivery))
      : undefined;
  const conditions = join(status.conditions);
  const listeners = Array.isArray(status.listeners)
    ? status.listeners.map((listener) => {
        const joined = join((listener as JsonObject).conditions);
        return { ...(listener as JsonObject), ...(joined && { conditions: joined }) };
      })
    : undefined;
  return { ...status, ...(conditions && { conditions }), ...(listeners && { listeners }) };
}

function programmedCondition(condition: JsonObject, delivery: RevisionDelivery): JsonObject {
  if (condition.type !== "Programmed" || condition.status !== "True") return condition;
  const { proxies } = delivery;
  const acknowledged = proxies.filter((proxy) => proxy.acknowledged);
  const rejected = proxies.find((proxy) => !proxy.acknowledged && proxy.rejected.length > 0);
  if (rejected) {
    const [first] = rejected.rejected;
    const message = `proxy ${rejected.node} rejected ${first?.type}: ${first?.message}`;
    return { ...condition, status: "False", reason: "Invalid", message };
  }
  if (proxies.length > 0 && acknowledged.length === proxies.length) {
    const lastMs = Math.max(...acknowledged.map(({ ackedMs }) => ackedMs));
    const time = lastMs > 0 ? { lastTransitionTime: `${new Date(lastMs).toISOString().slice(0, 19)}Z` } : {};
    return { ...condition, ...time };
  }
  const message =
    proxies.length === 0
      ? "no proxy is connected"
      : `${acknowledged.length} of ${proxies.length} proxies have acknowledged it`;
  return { ...condition, status: "False", reason: "Pending", message };
}
