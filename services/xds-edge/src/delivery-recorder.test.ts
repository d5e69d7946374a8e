import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { CommitReader, deliveryKinds, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { silentLogger } from "@routeledger/service-kit";
import { type Clock, Failure } from "@routeledger/std";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import { bytesAtMost, sentFacts } from "./delivery-facts.ts";
import { DeliveryRecorder } from "./delivery-recorder.ts";

class FailingLog extends MemoryEventLog {
  isBroken = false;
  /** Out of reach: appends fail or, where it is a promise, hang until then. */
  outage: "fails" | Promise<void> | undefined;
  appends = 0;
  override async append(...args: Parameters<MemoryEventLog["append"]>): ReturnType<MemoryEventLog["append"]> {
    this.appends++;
    await this.outage;
    if (this.outage === "fails") throw new Failure("append", { code: "log.unreachable", retryable: true });
    if (this.isBroken)
      return Promise.reject(new Failure("append", { code: "log.diskFull", retryable: true }));
    return super.append(...args);
  }
}

/** Time stands still until `advance`; a batch is written when it is full or when the recorder is drained. */
function open() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    wallMs: () => 1_000,
    monotonicMs: () => 0,
    after(_delayMs, callback) {
      timers.add(callback);
      return () => timers.delete(callback);
    },
  };
  const log = new FailingLog("DELIVERY", new MemoryStorage("delivery"));
  const randomBytes = (count: number): Uint8Array => new Uint8Array(count);
  let lost = 0;
  const onLost = (count: number): void => {
    lost += count;
  };
  const options = { log, edgeId: "e", clock, randomBytes, logger: silentLogger, onLost };
  const advance = (): void => {
    for (const callback of [...timers]) callback();
  };
  return { log, recorder: new DeliveryRecorder(options), advance, lost: () => lost };
}

const fact = { nodeId: "n", nodeGroup: "g", streamId: 1, disconnected: { reason: "r" } };

async function written(log: MemoryEventLog) {
  const { lastSequence } = await log.info();
  const found = [];
  const reader = new CommitReader(log, { from: undefined, kinds: deliveryKinds, chained: false });
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type === "commit")
      found.push(...codec("routeledger.delivery.v1.DeliveryBatch").decode(item.commit.payload).deliveries);
  }
  return found;
}

test("facts are written in order and numbered from 1", async () => {
  const { log, recorder } = open();
  for (let count = 0; count < 2_500; count++) recorder.record({ ...fact, streamId: count });
  await recorder.drain(1_000);
  const records = await written(log);
  deepEqual(
    records.map(({ counter, streamId }) => [counter, streamId]),
    Array.from({ length: 2_500 }, (_, index) => [index + 1, index]),
  );
});

test("what a full buffer cannot take is dropped, and counted by a record", async () => {
  const { log, recorder } = open();
  for (let count = 0; count < 25_000; count++) recorder.record(fact);
  await recorder.drain(1_000);
  const records = await written(log);
  const lost = records.reduce((sum, record) => sum + (record.lost ?? 0), 0);
  ok(lost > 0);
  equal(records.filter((record) => record.lost === undefined).length + lost, 25_000);
});

test("what the log refuses is lost, and said when it takes records again", async () => {
  const { log, recorder } = open();
  log.isBroken = true;
  for (let count = 0; count < 10; count++) recorder.record(fact);
  await recorder.drain(1_000);
  await recorder.drain(1_000);
  equal((await written(log)).length, 0);
  log.isBroken = false;
  recorder.record(fact);
  await recorder.drain(1_000);
  deepEqual(
    (await written(log)).map(({ lost }) => lost),
    [10, undefined],
  );
});

test("an outage of the log loses nothing that finds room, and is over by itself", async () => {
  const { log, recorder, advance } = open();
  log.outage = "fails";
  for (let count = 0; count < 1_500; count++) recorder.record(fact);
  await turns();
  equal(recorder.waiting, 1_500);
  log.outage = undefined;
  advance();
  await recorder.drain(1_000);
  deepEqual(
    (await written(log)).map(({ counter }) => counter),
    Array.from({ length: 1_500 }, (_, index) => index + 1),
  );
});

test("a log that hangs holds nobody up: what waits is bounded, and the rest is counted as lost", async () => {
  const { log, recorder, lost } = open();
  const hanging = Promise.withResolvers<void>();
  log.outage = hanging.promise;
  for (let count = 0; count < 50_000; count++) recorder.record(fact);
  await turns();
  ok(recorder.waiting <= 21_000, `at most the queue and one batch, got ${recorder.waiting}`);
  equal(lost(), 50_000 - recorder.waiting);
  equal(log.appends, 1);
  hanging.resolve();
  log.outage = undefined;
  await recorder.drain(1_000);
  const records = await written(log);
  const said = records.reduce((sum, record) => sum + (record.lost ?? 0), 0);
  equal(records.filter((record) => record.lost === undefined).length + said, 50_000);
});

test("of a stream whose gates flap within a batch's delay the newest are written, of each stream its own", async () => {
  const { log, recorder, advance } = open();
  const gates = (total: number, streamId: number) => ({
    ...fact,
    disconnected: undefined,
    streamId,
    gates: { total },
  });
  for (let count = 1; count <= 1_000; count++) recorder.record(gates(count, 1));
  recorder.record(gates(7, 2));
  equal(recorder.waiting, 2);
  advance();
  await recorder.drain(1_000);
  recorder.record(gates(0, 1));
  await recorder.drain(1_000);
  deepEqual(
    (await written(log)).map((record) => [record.counter, record.streamId, record.gates?.total]),
    [
      [1, 1, 1_000],
      [2, 2, 7],
      [3, 1, 0],
    ],
  );
});

test("rule D4: what a stream held back is not said any more when it ended", async () => {
  const { log, recorder } = open();
  recorder.record({ ...fact, disconnected: undefined, gates: { total: 1 } });
  recorder.record(fact);
  await recorder.drain(1_000);
  deepEqual(
    (await written(log)).map((record) => [record.gates, record.disconnected?.reason]),
    [[undefined, "r"]],
  );
});

test("an edge that ends does not wait for a log that hangs", async () => {
  const { log, recorder, advance } = open();
  log.outage = new Promise(() => undefined);
  recorder.record(fact);
  const drained = recorder.drain(1_000);
  await turns();
  advance();
  await drained;
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("no record takes more than it is reckoned with", () => {
  const text = "é".repeat(512);
  const { resources } = snapshotOf([partOf("cluster", text)], 1).types.cluster;
  const sent = { type: 1, nonce: "s99999-999999", version: "1.999999-0123456789abcdef+0123456789abcdef" };
  const revision = { epoch: 9, sequence: 2 ** 50 };
  const common = { nodeId: text, nodeGroup: text, streamId: 1e9, counter: 1e15, timeUnixMs: 2e12 };
  const list = [...resources.values()].map(({ name, digest }) => ({
    name,
    digest: Buffer.from(digest, "hex"),
  }));
  const key = { type: 6, name: text };
  const times = { sinceUnixMs: 2e12, untilUnixMs: 2e12 };
  const gate = { ...key, reason: 3, waitsFor: Array.from({ length: 10 }, () => key), ...times };
  const records = [
    {
      ...common,
      connected: { peer: text, protocol: "delta", userAgent: text, resourceType: 1, identity: text },
    },
    { ...common, disconnected: { reason: text } },
    { ...common, sent: { ...sent, revision, resources: list, removed: [text, text], bytes: 2 ** 40 } },
    { ...common, acked: { ...sent, revision, heldDigest: new Uint8Array(32) } },
    { ...common, nacked: { ...sent, revision, code: 13, message: text.repeat(10), resources: list } },
    { ...common, nacked: { ...sent, revision, code: 13, resources: list, culprits: [text] } },
    { ...common, gates: { total: 2 ** 31, gates: Array.from({ length: 100 }, () => gate) } },
  ];
  const sizes = records.map((record) => codec("routeledger.delivery.v1.Delivery").encode(record).length);
  for (const [index, record] of records.entries())
    ok(sizes[index]! <= bytesAtMost(record), `record ${index}`);
});

test("a response with very many names is said in records that a message of the log can hold", async () => {
  const { log, recorder } = open();
  const names = Array.from({ length: 3_500 }, (_, index) => `${"n".repeat(240)}${index}`);
  const { resources } = snapshotOf([partOf("cluster", "a"), partOf("cluster", "b")], 1).types.cluster;
  const response = {
    resourceType: "cluster",
    typeUrl: "",
    nonce: "s1-1",
    version: "v",
    revision: { epoch: 1, sequence: 1 },
    resources: [...resources.values()],
    removed: names,
  } as const;
  for (const sent of sentFacts(response, 77)) recorder.record({ ...fact, disconnected: undefined, ...sent });
  await recorder.drain(1_000);
  const records = (await written(log)).map(({ sent }) => sent);
  deepEqual(
    records.flatMap((sent) => sent?.removed ?? []),
    names,
  );
  deepEqual(
    records.flatMap((sent) => sent?.resources ?? []).map(({ name }) => name),
    ["a", "b"],
  );
  deepEqual(
    records.map((sent) => sent?.bytes),
    [77, 0, 0, 0],
  );
});
