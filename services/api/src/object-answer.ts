import type { StoredObject } from "@routeledger/snapshot-store";
import { formatRevision, type JsonObject } from "@routeledger/std";

/** An object as people get it: with its status, and the revision that wrote it as resourceVersion. */
export function objectAnswer(stored: StoredObject, status: JsonObject | undefined): JsonObject {
  const { metadata, ...rest } = JSON.parse(stored.json) as JsonObject;
  return {
    ...rest,
    metadata: { ...(metadata as JsonObject), resourceVersion: formatRevision(stored.revision) },
    ...(status && { status }),
  };
}

/** Its status as it was published; undefined where it has none. */
export function publishedStatus({ status }: StoredObject): JsonObject | undefined {
  return status === undefined ? undefined : (JSON.parse(status) as JsonObject);
}

export function isGateway({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return group === "gateway.networking.k8s.io" && kind === "Gateway";
}
