import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeChangeSet } from "@routeledger/config-model";
import { CommitWriter, type LogTail } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { openSnapshotStore, type SnapshotStore } from "@routeledger/snapshot-store";
import { canonicalJson, type Revision, systemClock } from "@routeledger/std";
import { followed, withFolder } from "./store/followed-store.ts";
import { project, withStore } from "./store/projected-store.ts";
import { HistoryWriter, type MemoryLogs, memoryLogs, type Step } from "./store/random-history.ts";

const eventSkipped = codec("routeledger.config.v1.EventSkipped");
let commits = 0;

/** Appends to CONFIG behind what a store has read. */
async function append(
  logs: MemoryLogs,
  tail: LogTail,
  { kind, payload }: { readonly kind: string; readonly payload: Uint8Array },
): Promise<LogTail> {
  const randomBytes = (length: number) => new Uint8Array(length).fill(100 + ++commits);
  const writer = new CommitWriter(logs.config, { clock: systemClock, randomBytes });
  const commit = { kind, schemaVersion: 1, term: 0, actor: "ann", source: "test", summary: kind, payload };
  const outcome = await writer.append(commit, tail);
  assert.equal(outcome.outcome, "appended");
  return outcome.outcome === "appended" ? outcome.tail : tail;
}

function change(name: string, content: number): Uint8Array {
  const ref = { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default", name };
  return encodeChangeSet([
    { type: "applied", ...ref, version: "v1", json: canonicalJson({ content }), source: "test" },
  ]);
}

async function contents(store: SnapshotStore, sequence: number): Promise<Record<string, unknown>> {
  const objects = await store.query("objectsAt", { sequence });
  return Object.fromEntries(objects.map(({ name, json }) => [name, JSON.parse(json).content]));
}

const step: Step = { objects: [{ name: 1, content: 1 }], groups: [], statuses: [], passedMs: 0 };

for (const withCatalog of [true, false]) {
  const where = withCatalog ? "the Catalog before it" : "the log's beginning";
  test(`rule S4: a store that has projected a revision which is then skipped for all begins again at ${where}`, () =>
    withFolder(async (folder) => {
      const logs = memoryLogs();
      const writer = new HistoryWriter(logs);
      await writer.apply(step);
      if (withCatalog) await writer.checkpoint({ config: true, xds: true });
      const store = openSnapshotStore({ folder });
      await project(store, logs);
      const { tail } = store.cursor("CONFIG")!;
      const bad = await append(logs, tail, { kind: "ChangeSet", payload: change("bad", 2) });
      const good = await append(logs, bad, { kind: "ChangeSet", payload: change("good", 3) });
      const began: string[] = [];
      const following = followed(store, logs, { onBegan: (log) => began.push(log) });
      await following.caughtUp();
      assert.deepEqual(await contents(store, good.sequence), { "route-1": 1, bad: 2, good: 3 });
      const revision: Revision = { epoch: bad.epoch, sequence: bad.sequence };
      const payload = eventSkipped.encode({ revision, reason: "nobody can read it" });
      const skip = await append(logs, good, { kind: "EventSkipped", payload });
      await following.until(() => began.length > 0);
      await following.caughtUp();
      assert.deepEqual(began, ["CONFIG"]);
      assert.deepEqual(await contents(store, skip.sequence), { "route-1": 1, good: 3 });
      assert.deepEqual(await contents(store, bad.sequence), { "route-1": 1 });
      const fresh = await withStore(async (other) => {
        await project(other, logs);
        return other.query("contentDigest", {});
      });
      assert.deepEqual(
        await store.query("contentDigest", {}),
        fresh,
        "as one that knew the skip from the start",
      );
      await following.stop();
      await store.close();
    }));
}

test("a store on a purged log without a usable Catalog says so, and writes nothing", () =>
  withFolder(async (folder) => {
    const logs = memoryLogs();
    const writer = new HistoryWriter(logs);
    for (let change = 0; change < 3; change++) await writer.apply(step);
    await logs.config.purge(2);
    const store = openSnapshotStore({ folder });
    const following = followed(store, logs);
    await assert.rejects(following.caughtUp(), { code: "store.noCheckpoint", message: /purged up to 2/ });
    assert.equal(store.cursor("CONFIG"), undefined);
    await store.close();
  }));
