import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CommitReader, deliveryKinds } from "@routeledger/event-log";
import { codec, type MessageTypes } from "@routeledger/protos";
import { openSnapshotStore, type StoredProxy } from "@routeledger/snapshot-store";
import { typeNumbers } from "@routeledger/xds-model";
import { FakeEdge } from "../../features/api/fake-edge.ts";
import { followed, withFolder } from "../../features/store/followed-store.ts";
import { memoryLogs } from "../../features/store/random-history.ts";
import { parseHexLog } from "./hex-log.ts";

/** What a store makes of DELIVERY, rule by rule. */

type Delivery = MessageTypes["routeledger.delivery.v1.Delivery"];

const folder = await mkdtemp(join(tmpdir(), "routeledger-delivery-"));
const logs = memoryLogs();
const store = openSnapshotStore({ folder });
const following = followed(store, logs);
let scenarios = 0;

after(async () => {
  await following.stop();
  await store.close();
  await rm(folder, { recursive: true });
});

/** The proxy as the store knows it once an edge of its own has said these records. */
async function proxiesAfter(...records: Delivery[]): Promise<readonly StoredProxy[]> {
  const node = `envoy-${++scenarios}`;
  const edge = new FakeEdge(logs.delivery, { node, edgeId: `edge-${scenarios}` });
  for (const record of records) await edge.say(record);
  await following.caughtUp();
  return (await store.query("proxies", {})).proxies.filter((proxy) => proxy.node === node);
}

const connected = { connected: { peer: "10.0.0.1", protocol: "delta", userAgent: "envoy 1.40.0" } };

function gate(reason: 1 | 2 | 3, name: string, untilUnixMs = 0) {
  const waitsFor = [{ type: typeNumbers.cluster, name: "c" }];
  return { reason, type: typeNumbers.route, name, waitsFor, sinceUnixMs: 1_000, untilUnixMs };
}

function held(...gates: ReturnType<typeof gate>[]): Delivery {
  return { gates: { gates, total: gates.length } };
}

const namesHeld = (proxies: readonly StoredProxy[]) =>
  proxies.map(({ gates, gatesTotal }) => [gates.map(({ reason, name }) => `${reason} ${name}`), gatesTotal]);

test("rule D4: what a stream holds back is what its last record says, in place of the one before", async () => {
  const [proxy] = await proxiesAfter(connected, held(gate(1, "a", 3_000), gate(2, "b")));
  deepEqual(proxy?.gates, [
    {
      ...{ reason: "addition", type: "route", typeName: "RDS", name: "a" },
      waitsFor: [{ type: "cluster", typeName: "CDS", name: "c" }],
      ...{ sinceMs: 1_000, untilMs: 3_000 },
    },
    {
      ...{ reason: "removal", type: "route", typeName: "RDS", name: "b" },
      waitsFor: [{ type: "cluster", typeName: "CDS", name: "c" }],
      sinceMs: 1_000,
    },
  ]);
  deepEqual(namesHeld(await proxiesAfter(connected, held(gate(1, "a"), gate(2, "b")), held(gate(3, "c")))), [
    [["quarantine c"], 1],
  ]);
});

test("rule D4: a stream whose last record has no gate, or that ended, holds back nothing", async () => {
  const before = held(gate(1, "a"));
  deepEqual(namesHeld(await proxiesAfter(connected, before, held())), [[[], 0]]);
  deepEqual(namesHeld(await proxiesAfter(connected, before, { disconnected: { reason: "gone" } })), [
    [[], 0],
  ]);
  deepEqual(namesHeld(await proxiesAfter(connected, before)), [[["addition a"], 1]]);
});

test("rule D4: where the total is more than is listed, the rest is not known, and counted", async () => {
  const [proxy] = await proxiesAfter(connected, { gates: { gates: [gate(1, "a")], total: 250 } });
  deepEqual([proxy?.gates.length, proxy?.gatesTotal], [1, 250]);
});

test("rule D5: a proxy may have a stream for each type; it is connected while any of them is", async () => {
  const own = (streamId: number, resourceType: number): Delivery => ({
    ...{ streamId, connected: { ...connected.connected, resourceType, identity: "spiffe://shop/edge" } },
  });
  const ended = (streamId: number): Delivery => ({ streamId, disconnected: { reason: "gone" } });
  const acked = (streamId: number, type: number, version: string): Delivery => ({
    ...{ streamId, acked: { type, nonce: "1", version, revision: { epoch: 1, sequence: 1 } } },
  });
  const streams = [own(1, typeNumbers.cluster), own(2, typeNumbers.listener)];
  const facts = [acked(1, typeNumbers.cluster, "1.1-c"), acked(2, typeNumbers.listener, "1.1-l")];
  const [both] = await proxiesAfter(...streams, ...facts);
  deepEqual(
    both?.streams.map(({ stream, type, identity }) => [stream, type, identity]),
    [
      [2, "listener", "spiffe://shop/edge"],
      [1, "cluster", "spiffe://shop/edge"],
    ],
  );
  deepEqual(
    both?.types.map(({ type, acked: fact }) => [type, fact?.version]),
    [
      ["cluster", "1.1-c"],
      ["listener", "1.1-l"],
    ],
  );
  const [one] = await proxiesAfter(...streams, ...facts, ended(1));
  deepEqual([one?.connected, one?.streams.length], [true, 1]);
  const [none] = await proxiesAfter(...streams, ...facts, ended(1), ended(2));
  deepEqual([none?.connected, none?.reason, none?.types.length], [false, "gone", 2]);
});

test("rule D5: without a type a stream carries all types, and of two only the newest says what the proxy has", async () => {
  const acked = (streamId: number, version: string): Delivery => ({
    ...{ streamId, acked: { type: 1, nonce: "1", version, revision: { epoch: 1, sequence: 1 } } },
  });
  const [proxy] = await proxiesAfter(
    { ...connected, streamId: 1 },
    acked(1, "1.1-old"),
    { ...connected, streamId: 2 },
    acked(2, "1.1-new"),
    acked(1, "1.1-late"),
  );
  deepEqual(
    proxy?.streams.map(({ stream, type }) => [stream, type]),
    [[2, undefined]],
  );
  equal(proxy?.types[0]?.acked?.version, "1.1-new");
});

for (const version of ["v1", "v2", "v3"]) {
  test(`rule F1: a store reads the DELIVERY of format ${version}`, () =>
    withFolder(async (folder) => {
      const text = await readFile(join(import.meta.dirname, version, "delivery.hexlog"), "utf8");
      const delivery = await parseHexLog("DELIVERY", text);
      const logs = { ...memoryLogs(), delivery };
      const store = openSnapshotStore({ folder });
      const following = followed(store, logs);
      await following.caughtUp();
      await following.stop();
      const { proxies, lost } = await store.query("proxies", {});
      deepEqual([proxies.length, lost], [1, 12]);
      const [proxy] = proxies;
      deepEqual([proxy?.node, proxy?.connected, proxy?.reason], ["envoy-1", false, "the client went away"]);
      const [type] = proxy?.types ?? [];
      deepEqual([type?.typeName, type?.acked?.version], ["CDS", "1.3-9f2c41ab30d15e77"]);
      const entries = await store.query("proxyHistory", { node: "envoy-1", limit: 100 });
      const what = entries.map((entry) => entry.what);
      deepEqual(what.includes("gates"), version === "v3");
      const streamIdentity = proxy?.streams[0]?.identity;
      equal(streamIdentity, version === "v3" ? "spiffe://example.org/shop/edge" : "");
      await store.close();
    }));
}

test("rule D5: culprits are among what a response carried, and a version 1 record has none", async () => {
  const culpritsOf = async (version: string): Promise<[string[], string[]][]> => {
    const text = await readFile(join(import.meta.dirname, version, "delivery.hexlog"), "utf8");
    const reader = new CommitReader(await parseHexLog("DELIVERY", text), {
      ...{ from: undefined, kinds: deliveryKinds, chained: false },
    });
    const found: [string[], string[]][] = [];
    for await (const item of reader.read({ until: 1 })) {
      ok(item.type === "commit");
      const { deliveries } = codec("routeledger.delivery.v1.DeliveryBatch").decode(item.commit.payload);
      for (const { nacked } of deliveries)
        if (nacked) found.push([nacked.culprits, nacked.resources.map(({ name }) => name)]);
    }
    return found;
  };
  deepEqual(await culpritsOf("v3"), [[["service/shop/checkout/80"], ["service/shop/checkout/80"]]]);
  deepEqual(await culpritsOf("v1"), [[[], ["service/shop/checkout/80"]]]);
});

test("rule D6: loads are of a node group, are summed over edges, and belong to no proxy", async () => {
  const [one, two] = ["loads-1", "loads-2"].map((edgeId) => new FakeEdge(logs.delivery, { edgeId }));
  await one?.reports("shop/loads", [
    { name: "a", successful: 7, issued: 8 },
    { name: "a~2", errors: 1, issued: 1 },
  ]);
  await two?.reports("shop/loads", [{ name: "a", successful: 2, errors: 3, issued: 5 }]);
  await following.caughtUp();
  const ask = (nodeGroup: string) =>
    store.query("clusterLoads", { nodeGroup, fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER });
  deepEqual(await ask("shop/loads"), {
    proxies: 2,
    heardMs: 0,
    clusters: [
      { name: "a", successful: 9, errors: 3, issued: 13 },
      { name: "a~2", successful: 0, errors: 1, issued: 1 },
    ],
  });
  deepEqual(await ask("shop/other"), { proxies: 0, heardMs: 0, clusters: [] });
  const { proxies } = await store.query("proxies", {});
  deepEqual(
    proxies.filter(({ node, nodeGroup }) => node === "" || nodeGroup === "shop/loads"),
    [],
  );
});
