import { deepEqual, equal, ok } from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  CommitReader,
  configKinds,
  decodeEnvelope,
  deliveryKinds,
  type EventLog,
  type LogName,
  payloadTypes,
  readCheckpoints,
  xdsKinds,
} from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { concatBytes, sha256, toHex, utf8 } from "@routeledger/std";
import { describedLog, parseHexLog } from "./hex-log.ts";
import { type KindSchema, kindSchemas } from "./kind-schemas.ts";

/** Logs of every version of the formats that was ever written; they are read and never written again. */

const here = import.meta.dirname;
const versions = (await readdir(here))
  .filter((name) => /^v\d+$/.test(name))
  .sort((a, b) => numberOf(a) - numberOf(b));
const logs = [
  { name: "CONFIG", file: "config", kinds: configKinds },
  { name: "XDS", file: "xds", kinds: xdsKinds },
  { name: "DELIVERY", file: "delivery", kinds: deliveryKinds },
] as const;

function numberOf(version: string): number {
  return Number(version.slice(1));
}

async function goldenLog(version: string, name: LogName, file: string): Promise<EventLog> {
  return await parseHexLog(name, await readFile(join(here, version, `${file}.hexlog`), "utf8"));
}

async function goldenJson(version: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(here, version, `${file}.json`), "utf8"));
}

test("there is a log of every version of the formats", () => {
  deepEqual(
    versions,
    versions.map((_, index) => `v${index + 1}`),
  );
  ok(versions.length >= 1);
});

for (const version of versions) {
  for (const { name, file, kinds } of logs) {
    test(`rule F1: the ${name} log of format ${version} is read as it was when it was written`, async () => {
      const log = await goldenLog(version, name, file);
      deepEqual(await describedLog(log, kinds), await goldenJson(version, file));
    });
  }

  test(`rule F1: the golden logs of format ${version} hold every kind`, async () => {
    const held = new Set<string>();
    for (const { name, file } of logs) {
      const log = await goldenLog(version, name, file);
      const { lastSequence } = await log.info();
      for await (const { body } of log.read({ after: 0, until: lastSequence })) {
        const decoded = decodeEnvelope(body);
        if (decoded.ok) held.add(decoded.envelope.kind);
      }
    }
    const schemas = (await goldenJson(version, "schemas")) as Record<string, KindSchema>;
    for (const kind of Object.keys(schemas)) ok(kind === "Envelope" || held.has(kind), kind);
  });

  test(`rule K1: a reader begins at the checkpoints of the logs of format ${version}`, async () => {
    const config = await readCheckpoints(await goldenLog(version, "CONFIG", "config"), configKinds);
    const state = codec("routeledger.config.v1.StateCheckpoint").decode(config!.states.get("config")!);
    equal(state.objects[0]?.object?.name, "checkout");
    deepEqual({ ...state.revision }, { ...config!.revision });
    const xds = await readCheckpoints(await goldenLog(version, "XDS", "xds"), xdsKinds);
    deepEqual([...xds!.states.keys()], ["group/shop/edge", "statuses"]);
    const group = codec("routeledger.xds.v1.GroupCheckpoint").decode(xds!.states.get("group/shop/edge")!);
    equal(group.resources.length, 2);
  });
}

test("rule F2: a schema changes only together with its version, and then there is a new golden log", async () => {
  const newest = await goldenJson(versions.at(-1)!, "schemas");
  deepEqual(await kindSchemas(), newest, "raise the kind's version and run node scripts/write-golden-log.ts");
  for (const [index, version] of versions.slice(1).entries()) {
    const before = (await goldenJson(versions[index]!, "schemas")) as Record<string, KindSchema>;
    const after = (await goldenJson(version, "schemas")) as Record<string, KindSchema>;
    for (const [kind, { hash, version: old }] of Object.entries(before)) {
      ok(after[kind]?.hash === hash || after[kind]!.version > old, `${kind} changed in ${version}`);
      if (kind === "Envelope") equal(after[kind]?.hash, hash, "the envelope is frozen for ever");
    }
  }
});

test("rule F2: a kind is decoded as the message of its name", () => {
  for (const [kind, name] of Object.entries(payloadTypes)) equal(name.split(".").at(-1), kind);
});

test("rule X3: a route table is its shell followed by its virtual hosts as entries of field 2", async () => {
  const log = await goldenLog("v1", "XDS", "xds");
  for await (const item of new CommitReader(log, { from: undefined, kinds: xdsKinds }).read({ until: 2 })) {
    if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
    const { deltas } = codec("routeledger.xds.v1.Publication").decode(item.commit.payload);
    const parts = deltas[0]!.groups[0]!.changed.filter(({ key }) => key?.resource === "http/8080");
    for (const { value, digest } of parts) equal(toHex(sha256(value)), toHex(digest));
    const [shell, ...hosts] = parts.map(({ value }) => value);
    const entries = hosts.map((host) => concatBytes([new Uint8Array([0x12, host.length]), host]));
    const tables = codec("envoy.config.route.v3.RouteConfiguration");
    const whole = tables.encode({
      name: "http/8080",
      virtualHosts: [{ name: "shop.example", domains: ["shop.example"] }],
    });
    deepEqual(tables.decode(concatBytes([shell!, ...entries])), tables.decode(whole));
  }
});

test("rule D3: held_digest is over the sorted names, each with its length and its digest", async () => {
  const log = await goldenLog("v1", "DELIVERY", "delivery");
  const reader = new CommitReader(log, { from: undefined, kinds: deliveryKinds, chained: false });
  const acked: string[] = [];
  for await (const item of reader.read({ until: 1 })) {
    if (item.type !== "commit") continue;
    const { deliveries } = codec("routeledger.delivery.v1.DeliveryBatch").decode(item.commit.payload);
    for (const delivery of deliveries) if (delivery.acked) acked.push(toHex(delivery.acked.heldDigest));
  }
  const name = utf8("service/shop/checkout/80");
  deepEqual(acked, [toHex(sha256(new Uint8Array([0, 0, 0, name.length]), name, sha256(utf8("its bytes"))))]);
});
