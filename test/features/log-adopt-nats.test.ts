import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openNatsEventLogs } from "@routeledger/event-log-nats";
import { type NatsTestServer, type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";
import { runCli } from "./cli/run-cli.ts";
import { clusterOf, clusters, DataFolder, shopOf } from "./log-adopt/data-folder.ts";
import { gateway, gatewayClass } from "./translator/sample-objects.ts";

let nats: NatsTestServers & { readonly server: NatsTestServer };

before(async () => {
  nats = await startNatsServer();
});

after(() => nats.dispose());

async function ran(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  equal(code, 0, stdout + stderr);
  return stdout;
}

/** A stream as it was in a copy of the stopped server's folder. */
async function restoredStream(name: string, backup: string): Promise<void> {
  const streams = join("jetstream", "$G", "streams", name);
  await nats.server.stop();
  await rm(join(nats.server.storeFolder, streams), { recursive: true });
  await cp(join(backup, streams), join(nats.server.storeFolder, streams), { recursive: true });
  await nats.server.start();
}

test("P1: a data folder's logs are copied to NATS, all go on there, and an old backup of a stream is adopted", async (t) => {
  const sqlite = await DataFolder.make(t);
  const first = await sqlite.run((author) => author.apply(gatewayClass, gateway, ...shopOf("shop")));
  const at = ["--nats-url", nats.url];
  await ran("log", "create", ...at);
  const copied = await ran("log", "copy", "--data", sqlite.folder, ...at);
  match(copied, /^DELIVERY: 0 message\(s\) copied; adopted\nXDS: \d+ .*\nCONFIG: \d+ .*; adopted$/m);

  const data = sqlite.withLogsAt(at, () => openNatsEventLogs({ servers: [nats.url], name: "test" }));
  const moved = await data.run((author) => author.apply(...shopOf("blog")));
  equal(moved.revision.epoch, 2);
  deepEqual(clusters(moved), [clusterOf("blog"), clusterOf("shop")]);
  const [then, now] = [first, moved].map(
    ({ snapshots }) => snapshots.get("default/web")!.types.cluster.resources.get(clusterOf("shop"))!.version,
  );
  equal(now, then, "a move changes no version");
  await data.assertStoreIsWhole();
  match(await ran("replay", "--check", ...at), /equal, byte for byte/);
  const again = await runCli(["log", "copy", "--data", sqlite.folder, ...at]);
  equal(again.code, 1);
  match(again.stderr, /error: copy log \w+: /);

  const backup = join(sqlite.folder, "backup-of-nats");
  await nats.server.stop();
  await cp(nats.server.storeFolder, backup, { recursive: true });
  await nats.server.start();
  const newest = await data.run((author) => author.apply(...shopOf("news")));
  await restoredStream("CONFIG", backup);
  await rejects(
    data.storeEnds(),
    ({ code }: { code?: string }) => code === "log.shorter" || code === "log.recreated",
  );
  await rejects(
    data.run(async () => {}),
    { code: "translator.logsDisagree" },
  );
  const adopted = await data.adopt("--log", "config", "--yes");
  equal(adopted.code, 0, adopted.stderr);
  match(adopted.stdout, /CONFIG ends at \d+: \d+ revision\(s\) are lost/);
  match(adopted.stdout, /^CONFIG: adopted at 3\.\d+$/m);
  const after = await data.run(async () => {});
  equal(after.revision.epoch, 3);
  ok(after.revision.sequence <= newest.revision.sequence + 10);
  deepEqual(clusters(after), [clusterOf("blog"), clusterOf("shop")]);
  await data.assertStoreIsWhole();
  const replayed = await ran("replay", "--check", ...at);
  match(replayed, /^@\d+\.\.@\d+: lost from CONFIG before it was adopted, not compared$/m);
  match(replayed, /equal, byte for byte/);
});
