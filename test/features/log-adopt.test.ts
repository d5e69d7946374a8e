import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyLog } from "@routeledger/event-log";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { toHex } from "@routeledger/std";
import { encodePublishedCheckpoints, type Published } from "@routeledger/xds-model";
import { clusterOf, clusters, DataFolder, shopOf } from "./log-adopt/data-folder.ts";
import { gateway, gatewayClass } from "./translator/sample-objects.ts";

function bytesOf(published: Published): Record<string, string> {
  return Object.fromEntries(
    [...encodePublishedCheckpoints(published)].map(([subject, bytes]) => [subject, toHex(bytes)]),
  );
}

/** A data folder with the shop in its backup, and the blog behind that. */
async function withBackup(t: TestContext): Promise<{ data: DataFolder; newest: Published }> {
  const data = await DataFolder.make(t);
  await data.run((author) => author.apply(gatewayClass, gateway, ...shopOf("shop")));
  await data.backUp();
  const newest = await data.run((author) => author.apply(...shopOf("blog")));
  deepEqual(clusters(newest), [clusterOf("blog"), clusterOf("shop")]);
  return { data, newest };
}

test("P1: CONFIG from an old backup is refused by all, and when it is adopted all go on with it", async (t) => {
  const { data, newest } = await withBackup(t);
  await data.restore("config");
  const disagree = { code: "translator.logsDisagree", hint: /routeledger log adopt --log config/ };
  await rejects(
    data.run(async () => {}),
    disagree,
  );
  await rejects(data.storeEnds(), { code: "log.shorter" });

  const unasked = await data.adopt("--log", "config");
  equal(unasked.code, 1);
  match(unasked.stderr, /there is no terminal to ask: say --yes/);
  const lost = newest.revision.sequence - (await data.withLogs(({ config }) => config.info())).lastSequence;
  match(
    unasked.stdout,
    new RegExp(`up to @1\\.${newest.revision.sequence}, CONFIG ends at \\d+: ${lost} rev`),
  );
  const adopted = await data.adopt("--log", "config", "--yes");
  equal(adopted.code, 0, adopted.stderr);
  match(adopted.stdout, /^CONFIG: adopted at 2\.\d+$/m);

  const after = await data.run(async () => {});
  equal(after.revision.epoch, 2);
  deepEqual(clusters(after), [clusterOf("shop")]);
  const [before, now] = [newest, after].map(({ snapshots }) => snapshots.get("default/web")!.types);
  match(now!.cluster.version, /^2\./);
  const shopCluster = clusterOf("shop");
  equal(
    now!.cluster.resources.get(shopCluster)!.version,
    before!.cluster.resources.get(shopCluster)!.version,
    "what did not change keeps its version",
  );
  notEqual(now!.route.version, before!.route.version);
  const check = await data.assertReplays();
  deepEqual(check.lost.at(-1)?.to, newest.revision.sequence);
  await data.assertStoreIsWhole();

  const later = await data.run((author) => author.apply(...shopOf("news")));
  deepEqual(clusters(later), [clusterOf("news"), clusterOf("shop")]);
  await data.assertReplays();
  await data.assertStoreIsWhole();
});

test("P2: XDS from an old backup is published again to the same bytes, and readers go on when it is adopted", async (t) => {
  const { data, newest } = await withBackup(t);
  await data.restore("xds");
  await rejects(data.storeEnds(), { code: "log.shorter" });
  const adopted = await data.adopt("--yes", "--log", "xds");
  equal(adopted.code, 0, adopted.stderr);
  match(adopted.stdout, /and CONFIG holds all of that\. \d+ message\(s\) behind it are published/);
  const after = await data.run(async () => {});
  const again = { ...after, revision: newest.revision, timeMs: newest.timeMs };
  deepEqual(bytesOf(again), bytesOf(newest));
  await data.assertReplays();
  await data.assertStoreIsWhole();
});

test("P1: DELIVERY from an old backup stops the store until it is adopted", async (t) => {
  const { data } = await withBackup(t);
  await data.withLogs(async ({ delivery }) => {
    const messages = [{ subject: "DeliveryBatch", body: new Uint8Array(1) }];
    await delivery.append({ messages });
  });
  await data.run(async () => {});
  await data.restore("delivery");
  await rejects(data.storeEnds(), { code: "log.shorter" });
  const adopted = await data.adopt("--yes", "--log", "delivery");
  equal(adopted.code, 0, adopted.stderr);
  await data.run((author) => author.apply(...shopOf("news")));
});

test("P1: logs that were copied byte for byte and adopted are gone on with by all, and nothing is read again", async (t) => {
  const { data, newest } = await withBackup(t);
  const moved = await openSqliteEventLogs({ folder: join(data.folder, "moved") });
  await data.withLogs(async (logs) => {
    for (const name of ["config", "xds", "delivery"] as const) await copyLog(logs[name], moved[name]);
  });
  await moved.close();
  await rm(join(data.folder, "logs"), { recursive: true });
  await cp(join(data.folder, "moved"), join(data.folder, "logs"), { recursive: true });
  await rejects(data.storeEnds(), { code: "log.recreated" });
  equal((await data.adopt("--yes")).code, 0);
  const after = await data.run(async () => {});
  equal(after.revision.epoch, 2);
  deepEqual(clusters(after), clusters(newest));
  const snapshots = [newest, after].map((published) => published.snapshots.get("default/web")!);
  equal(snapshots[1]!.types.route.version, snapshots[0]!.types.route.version);
  deepEqual((await data.assertReplays()).lost, []);
  await data.assertStoreIsWhole();
});

test("P1: CONFIG and XDS of two different histories are refused, and said", async (t) => {
  const { data } = await withBackup(t);
  const other = await DataFolder.make(t);
  await other.run((author) => author.apply(gatewayClass, gateway, ...shopOf("news")));
  await cp(join(other.folder, "logs", "xds.sqlite"), join(data.folder, "logs", "xds.sqlite"));
  for (const suffix of ["-wal", "-shm"])
    await rm(join(data.folder, "logs", `xds.sqlite${suffix}`), { force: true });
  await rejects(
    data.run(async () => {}),
    { code: "translator.logsDisagree", message: /another CONFIG log/ },
  );
  equal((await data.adopt("--yes")).code, 0);
  const after = await data.run(async () => {});
  deepEqual(clusters(after), [clusterOf("blog"), clusterOf("shop")]);
  await data.assertReplays();
});
