import { deepEqual, equal, ok } from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { CommitReader, configKinds, deliveryKinds, xdsKinds } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { bytesEqual, compareStrings, fromHex, sha256, sha256Hex } from "@routeledger/std";
import { applyPublication, decodePublication, emptyPublished } from "@routeledger/xds-model";
import { parseHexLog } from "./hex-log.ts";

/** docs/spec/log.md against the tests that it names and the golden log of which it speaks. */

const root = join(import.meta.dirname, "../../..");
const spec = await readFile(join(root, "docs/spec/log.md"), "utf8");

async function goldenText(file: string): Promise<string> {
  return await readFile(join(import.meta.dirname, `v1/${file}.hexlog`), "utf8");
}

test("every rule of the logs' specification is named by a test", async () => {
  const rules = [...spec.matchAll(/^\s*- \*\*([A-Z]\d+)\*\*/gm)].map(([, rule]) => rule!);
  ok(rules.length > 30, `expected the rules of the specification, got ${rules.length}`);
  equal(new Set(rules).size, rules.length);
  const titles = new Set<string>();
  const places = [
    "libs/event-log/src/**/*.test.ts",
    "libs/event-log/src/contract/*.ts",
    "test/golden/logs/*.test.ts",
    "test/features/log-adopt*.test.ts",
  ];
  for await (const file of glob(places, { cwd: root })) {
    const text = await readFile(join(root, file), "utf8");
    for (const [, rule] of text.matchAll(/test\(\s*["`]rule ([A-Z]\d+)[:,]/g)) titles.add(rule!);
  }
  deepEqual(
    rules.filter((rule) => !titles.has(rule)),
    [],
  );
  deepEqual(
    [...titles].filter((rule) => !rules.includes(rule)),
    [],
  );
});

test("the specification's worked example is the golden log", async () => {
  const bodies = [...spec.matchAll(/^```\n(08 01[^`]*)```/gm)].map(([, block]) =>
    block!
      .split("\n")
      .map((line) => line.replace(/#.*$/, "").replaceAll(" ", ""))
      .join(""),
  );
  const lines = (await goldenText("config")).split("\n").filter((line) => !line.startsWith("#"));
  deepEqual(
    bodies,
    lines.slice(0, 2).map((line) => line.split(" ")[2]),
  );
  ok(spec.includes(sha256Hex(fromHex(bodies[0]!))));
});

async function goldenPublications() {
  const log = await parseHexLog("XDS", await goldenText("xds"));
  const { lastSequence } = await log.info();
  const publications = [];
  for await (const item of new CommitReader(log, { from: undefined, kinds: xdsKinds }).read({
    until: lastSequence,
  })) {
    if (item.type === "commit" && item.commit.kind === "Publication") publications.push(item.commit.payload);
  }
  return publications;
}

test("rule X1: publications cover the revisions of CONFIG without a gap", async () => {
  let covered = 0;
  for (const payload of await goldenPublications()) {
    const { from, to } = decodePublication(payload);
    equal(from, covered + 1);
    covered = to;
  }
  equal(covered, 5);
});

test("rule X2: a part's digest is that of its bytes, and parts are sorted by type, resource and virtual host", async () => {
  const { deltas } = codec("routeledger.xds.v1.Publication").decode((await goldenPublications())[0]!);
  const parts = deltas[0]!.groups[0]!.changed;
  ok(parts.every(({ value, digest }) => bytesEqual(sha256(value), digest)));
  const keys = parts.map(({ key }) => `${key!.type} ${key!.resource} ${key!.virtualHost}`);
  deepEqual(keys, keys.toSorted(compareStrings));
});

test("rule X4: removed parts are gone at once, retired resources stay as retiring", async () => {
  const [first, second] = (await goldenPublications()).map(decodePublication);
  const before = applyPublication(emptyPublished, first!);
  const after = applyPublication(before, second!);
  const { types, retiring } = after.snapshots.get("shop/edge")!;
  const decodedTable = codec("envoy.config.route.v3.RouteConfiguration").decode(
    types.route.resources.get("http/8080")!.bytes,
  );
  deepEqual(decodedTable.virtualHosts, []);
  deepEqual([...types.cluster.resources.keys()], []);
  deepEqual([...retiring.cluster.keys()], ["service/shop/checkout/80"]);
});

test("rule D2: an edge's records are counted", async () => {
  const log = await parseHexLog("DELIVERY", await goldenText("delivery"));
  const reader = new CommitReader(log, { from: undefined, kinds: deliveryKinds, chained: false });
  for await (const item of reader.read({ until: 1 })) {
    ok(item.type === "commit");
    const { deliveries } = codec("routeledger.delivery.v1.DeliveryBatch").decode(item.commit.payload);
    deepEqual(
      deliveries.map(({ counter }) => counter),
      [1, 2, 3, 4, 5, 6],
    );
  }
});

test("a damaged golden log is not read: the checks above can fail", async () => {
  const text = await goldenText("config");
  const log = await parseHexLog("CONFIG", text.replace(/^(2 .*)080110e0d403$/m, "$1080110e0d404"));
  const reader = new CommitReader(log, { from: undefined, kinds: configKinds });
  let failure: unknown;
  try {
    for await (const _ of reader.read({ until: 3 }));
  } catch (error) {
    failure = error;
  }
  equal((failure as { code?: string }).code, "log.brokenChain");
});
