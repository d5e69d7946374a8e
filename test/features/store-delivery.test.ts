import assert from "node:assert/strict";
import { test } from "node:test";
import { adoptLog, CommitWriter, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { codec, type MessageTypes } from "@routeledger/protos";
import { type Began, openSnapshotStore, type SnapshotStore } from "@routeledger/snapshot-store";
import { systemClock } from "@routeledger/std";
import { followed, withFolder } from "./store/followed-store.ts";
import { memoryLogs } from "./store/random-history.ts";

type Delivery = MessageTypes["routeledger.delivery.v1.Delivery"];

const batch = codec("routeledger.delivery.v1.DeliveryBatch");
const startedMs = 1_700_000_000_000;
let commits = 0;
const options = {
  clock: systemClock,
  randomBytes: (length: number) => new Uint8Array(length).fill(++commits),
};

/** An edge that says what happened to its proxies, one record a batch. */
class Edge {
  readonly #writer: CommitWriter;
  readonly #edgeId: string;
  #counter = 0;

  constructor(log: MemoryEventLog, edgeId: string) {
    this.#writer = new CommitWriter(log, options);
    this.#edgeId = edgeId;
  }

  async says(record: Partial<Delivery>, node = "envoy-1"): Promise<void> {
    const counter = ++this.#counter;
    const delivery = {
      ...{ counter, timeUnixMs: startedMs + counter, nodeId: node, nodeGroup: "shop/web", streamId: 1 },
      ...record,
    };
    const payload = batch.encode({
      edgeId: this.#edgeId,
      edgeStartedUnixMs: startedMs,
      deliveries: [delivery],
    });
    const commit = {
      kind: "DeliveryBatch",
      schemaVersion: 1,
      term: 0,
      actor: "edge",
      source: "edge",
      summary: "",
    };
    await this.#writer.appendUnfenced({ ...commit, payload });
  }
}

const connected = { connected: { peer: "10.0.0.1", protocol: "delta", userAgent: "envoy 1.36" } };
const sent = { sent: { type: 1, nonce: "1", version: "1.1-00", bytes: 1, resources: [], removed: [] } };

/** What the store says after it has read all. */
async function read(store: SnapshotStore, logs: ReturnType<typeof memoryLogs>, identity = "delivery-1") {
  const began: Began[] = [];
  const following = followed(store, logs, { onBegan: (_log, how) => began.push(how) });
  await following.until(() => identity === (store.cursor("DELIVERY")?.identity ?? identity));
  await following.caughtUp();
  await following.stop();
  return { began, said: await store.query("proxies", {}) };
}

test("a store that was away longer than DELIVERY is kept says what it lost, and goes on with the oldest that is there", () =>
  withFolder(async (folder) => {
    const logs = memoryLogs();
    const edge = new Edge(logs.delivery, "edge-1");
    const store = openSnapshotStore({ folder });
    await edge.says(connected);
    assert.equal((await read(store, logs)).said.lost, 0);
    for (let record = 0; record < 5; record++) await edge.says(sent);
    await edge.says({ disconnected: { reason: "gone" } });
    await logs.delivery.purge(5);
    const { began, said } = await read(store, logs);
    assert.deepEqual(began, [{ missing: { from: 2, to: 4 }, at: 5 }]);
    assert.equal(said.lost, 3);
    assert.deepEqual(
      said.proxies.map(({ node, connected: is, reason }) => [node, is, reason]),
      [["envoy-1", false, "gone"]],
    );
    assert.deepEqual((await read(store, logs)).began, [], "once");
    await store.close();
  }));

test("a proxy whose connect was discarded is there as soon as its edge says anything of it", () =>
  withFolder(async (folder) => {
    const logs = memoryLogs();
    const edge = new Edge(logs.delivery, "edge-1");
    await edge.says(connected);
    await edge.says(sent);
    await edge.says({ ...sent, streamId: 2 }, "envoy-2");
    await logs.delivery.purge(2);
    const store = openSnapshotStore({ folder });
    const { said } = await read(store, logs);
    assert.deepEqual(
      said.proxies.map(({ node, connected: is, nodeGroup, edge: by }) => [node, is, nodeGroup, by]),
      [
        ["envoy-1", true, "shop/web", "edge-1"],
        ["envoy-2", true, "shop/web", "edge-1"],
      ],
    );
    assert.equal(said.lost, 1);
    await store.close();
  }));

test("rule L10: a DELIVERY that was made again and adopted is gone on with; before, it is not followed", () =>
  withFolder(async (folder) => {
    const logs = memoryLogs();
    const store = openSnapshotStore({ folder });
    const edge = new Edge(logs.delivery, "edge-1");
    for (let record = 0; record < 4; record++) await edge.says(sent);
    await read(store, logs);
    const delivery = new MemoryEventLog("DELIVERY", new MemoryStorage("delivery-2"));
    const other = { ...logs, delivery };
    await new Edge(delivery, "edge-2").says(connected, "envoy-2");
    await assert.rejects(read(store, other), { code: "log.recreated" });
    await adoptLog(delivery, { ...options, reason: "the disk is gone", actor: "ann", source: "cli" });
    const { said } = await read(store, other, "delivery-2");
    assert.deepEqual(
      said.proxies.map(({ node, connected: is }) => [node, is]),
      [
        ["envoy-1", true],
        ["envoy-2", true],
      ],
    );
    await store.close();
  }));
