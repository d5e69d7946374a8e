import assert from "node:assert/strict";
import type { SnapshotStore } from "@routeledger/snapshot-store";
import { canonicalJson, sha256Hex } from "@routeledger/std";
import { allResources, emptyTypeSnapshot, type Published, resourceTypes } from "@routeledger/xds-model";

/** Asserts that the store holds at a revision what the logs' fold holds. */
export async function samePublished(
  store: SnapshotStore,
  sequence: number,
  published: Published,
): Promise<void> {
  const nodeGroups = await store.query("nodeGroupsAt", { sequence });
  assert.deepEqual(nodeGroups, [...published.snapshots.keys()].sort());
  for (const nodeGroup of nodeGroups) {
    const snapshot = published.snapshots.get(nodeGroup)!;
    const stored = await store.query("xdsAt", { nodeGroup, sequence, as: "bytes" });
    assert.ok(stored);
    assert.deepEqual(
      stored.resources.map(({ type, name, version, digest, bytes }) => [
        type,
        name,
        version,
        digest,
        sha256Hex(bytes!),
      ]),
      allResources(snapshot).map(({ type, name, version, digest }) => [type, name, version, digest, digest]),
    );
    for (const type of resourceTypes) {
      const version: string =
        stored.versions.find((found) => found.type === type)?.version ?? emptyTypeSnapshot.version;
      assert.equal(version, snapshot.types[type].version, `${nodeGroup} ${type} at ${sequence}`);
      assert.deepEqual(
        stored.retiring
          .filter((found) => found.type === type)
          .map(({ name, digest, bytes, retiredAtMs }) => [name, digest, sha256Hex(bytes!), retiredAtMs]),
        [...snapshot.retiring[type]]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, { resource, retiredAtMs }]) => [name, resource.digest, resource.digest, retiredAtMs]),
      );
    }
  }
  await compareStatuses(store, sequence, published);
}

async function compareStatuses(store: SnapshotStore, sequence: number, published: Published): Promise<void> {
  const objects = await store.query("objectsAt", { sequence });
  for (const { group, kind, namespace, name, status } of objects) {
    assert.equal(status, published.statuses.get(`${group}/${kind}/${namespace}/${name}`)?.json);
  }
  assert.equal(
    canonicalJson(objects.map(({ name }) => name)),
    canonicalJson(objects.map(({ name }) => name).toSorted()),
  );
}
