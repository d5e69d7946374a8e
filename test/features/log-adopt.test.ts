import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { copyLog } from "@routeledger/event-log";
import { openSqliteEventLogs, type SqliteEventLogs } from "@routeledger/event-log-sqlite";
import { silentLogger } from "@routeledger/service-kit";
import { openSnapshotStore, type SnapshotStore } from "@routeledger/snapshot-store";
import { systemClock, toHex } from "@routeledger/std";
import { checkReplay, readPublished, startTranslator } from "@routeledger/translator";
import { startXdsEdge } from "@routeledger/xds-edge";
import { encodePublishedCheckpoints, type Published, resourceTypes } from "@routeledger/xds-model";
import { runCli } from "./cli/run-cli.ts";
import { type FollowedStore, followed } from "./store/followed-store.ts";
import { withStore } from "./store/projected-store.ts";
import { ConfigAuthor } from "./translator/config-author.ts";
import { endpointSlice, gateway, gatewayClass, route, service } from "./translator/sample-objects.ts";

const logFiles = { config: "config.sqlite", xds: "xds.sqlite", delivery: "delivery.sqlite" } as const;

/** A data folder, on which services run one time after another, and between times an operator damages it. */
class DataFolder {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(test: TestContext): Promise<DataFolder> {
    const folder = await mkdtemp(join(tmpdir(), "routeledger-adopt-"));
    test.after(() => rm(folder, { recursive: true, force: true }));
    return new DataFolder(folder);
  }

  openLogs(): Promise<SqliteEventLogs> {
    return openSqliteEventLogs({ folder: join(this.folder, "logs") });
  }

  /** A translator, a store and an edge follow the logs while `use` runs, and until they have all of them. */
  async run(use: (author: ConfigAuthor) => Promise<unknown>): Promise<Published> {
    return await this.withLogs(async (logs) => {
      const common = { clock: systemClock, randomBytes, logger: silentLogger };
      const translator = await startTranslator({
        ...{ ...common, logs, name: "t" },
        ...{ retireGraceMs: 60_000, checkpointEveryRevisions: 1000 },
      });
      const edge = await startXdsEdge({
        ...{ ...common, xdsLog: logs.xds, deliveryLog: logs.delivery },
        ...{ address: "127.0.0.1:0", edgeId: "edge-1" },
      });
      try {
        await this.#withStore(logs, async (_, following) => {
          await use(new ConfigAuthor(logs.config));
          const { lastSequence } = await logs.config.info();
          await following.until(() => translator.publishedTo.sequence >= lastSequence);
          await following.until(() => edge.published.revision.sequence === translator.publishedTo.sequence);
          await following.caughtUp();
        });
        deepEqual(edge.published.revision, translator.publishedTo);
        return edge.published;
      } finally {
        await Promise.all([translator.stop(), edge.stop()]);
      }
    });
  }

  async #withStore<T>(
    logs: SqliteEventLogs,
    use: (store: SnapshotStore, following: FollowedStore) => Promise<T>,
  ): Promise<T> {
    const store = openSnapshotStore({ folder: join(this.folder, "store") });
    const following = followed(store, logs);
    try {
      return await use(store, following);
    } finally {
      await following.stop().catch(() => {});
      await store.close();
    }
  }

  /** What `use` says with the logs open and nobody on them. */
  async withLogs<T>(use: (logs: SqliteEventLogs) => Promise<T>): Promise<T> {
    const logs = await this.openLogs();
    try {
      return await use(logs);
    } finally {
      await logs.close();
    }
  }

  async backUp(): Promise<void> {
    await cp(join(this.folder, "logs"), join(this.folder, "backup"), { recursive: true });
  }

  async restore(log: keyof typeof logFiles): Promise<void> {
    const file = join(this.folder, "logs", logFiles[log]);
    for (const suffix of ["", "-wal", "-shm"]) await rm(`${file}${suffix}`, { force: true });
    await cp(join(this.folder, "backup", logFiles[log]), file);
  }

  adopt(...args: readonly string[]) {
    return runCli(["log", "adopt", "--data", this.folder, "--reason", "an old backup", ...args]);
  }

  /** Rejects with how the store's loop ends on the logs as they are. */
  async storeEnds(): Promise<void> {
    let ended = false;
    const follow = (logs: SqliteEventLogs) =>
      this.#withStore(logs, (_, following) => following.until(() => ended));
    try {
      await this.withLogs(follow);
    } finally {
      ended = true;
    }
  }

  /** The store holds what a new one makes of the same logs, and at its end what is published. */
  async assertStoreIsWhole(): Promise<void> {
    await this.withLogs(async (logs) => {
      const { published } = await readPublished(logs.xds);
      const held = await this.#withStore(logs, async (store, following) => {
        await following.caughtUp();
        const sequence = published.revision.sequence;
        const found = await store.query("xdsAt", { nodeGroup: "default/web", sequence, as: "bytes" });
        deepEqual(
          found?.resources.map(({ type, name, version }) => `${type} ${name} ${version}`).toSorted(),
          allVersions(published).toSorted(),
        );
        return (await store.query("contentDigest", {})).tables;
      });
      await withStore(async (fresh) => {
        const following = followed(fresh, logs);
        await following.caughtUp();
        await following.stop();
        deepEqual(held, (await fresh.query("contentDigest", {})).tables);
      });
    });
  }

  async assertReplays(): Promise<Awaited<ReturnType<typeof checkReplay>>> {
    const check = await this.withLogs((logs) => checkReplay(logs));
    deepEqual(check.differences, []);
    ok(check.compared > 0);
    return check;
  }
}

const shop = [service("shop"), endpointSlice("shop", "10.0.0.1"), route("shop", "shop.example", "shop")];
const blog = [service("blog"), endpointSlice("blog", "10.0.0.2"), route("blog", "blog.example", "blog")];
const news = [service("news"), endpointSlice("news", "10.0.0.3"), route("news", "news.example", "news")];

function clusters({ snapshots }: Published): string[] {
  return [...(snapshots.get("default/web")?.types.cluster.resources.keys() ?? [])];
}

function allVersions({ snapshots }: Published): string[] {
  const { types } = snapshots.get("default/web")!;
  return resourceTypes.flatMap((type) =>
    [...types[type].resources.values()].map(({ name, version }) => `${type} ${name} ${version}`),
  );
}

function bytesOf(published: Published): Record<string, string> {
  return Object.fromEntries(
    [...encodePublishedCheckpoints(published)].map(([subject, bytes]) => [subject, toHex(bytes)]),
  );
}

/** A data folder with the shop in its backup, and the blog behind that. */
async function withBackup(t: TestContext): Promise<{ data: DataFolder; newest: Published }> {
  const data = await DataFolder.make(t);
  await data.run((author) => author.apply(gatewayClass, gateway, ...shop));
  await data.backUp();
  const newest = await data.run((author) => author.apply(...blog));
  deepEqual(clusters(newest), ["service/default/blog/80", "service/default/shop/80"]);
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
  deepEqual(clusters(after), ["service/default/shop/80"]);
  const [before, now] = [newest, after].map(({ snapshots }) => snapshots.get("default/web")!.types);
  match(now!.cluster.version, /^2\./);
  const shopCluster = "service/default/shop/80";
  equal(
    now!.cluster.resources.get(shopCluster)!.version,
    before!.cluster.resources.get(shopCluster)!.version,
    "what did not change keeps its version",
  );
  notEqual(now!.route.version, before!.route.version);
  const check = await data.assertReplays();
  deepEqual(check.lost.at(-1)?.to, newest.revision.sequence);
  await data.assertStoreIsWhole();

  const later = await data.run((author) => author.apply(...news));
  deepEqual(clusters(later), ["service/default/news/80", "service/default/shop/80"]);
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
  await data.run((author) => author.apply(...news));
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
  await other.run((author) => author.apply(gatewayClass, gateway, ...news));
  await cp(join(other.folder, "logs", "xds.sqlite"), join(data.folder, "logs", "xds.sqlite"));
  for (const suffix of ["-wal", "-shm"])
    await rm(join(data.folder, "logs", `xds.sqlite${suffix}`), { force: true });
  await rejects(
    data.run(async () => {}),
    { code: "translator.logsDisagree", message: /another CONFIG log/ },
  );
  equal((await data.adopt("--yes")).code, 0);
  const after = await data.run(async () => {});
  deepEqual(clusters(after), ["service/default/blog/80", "service/default/shop/80"]);
  await data.assertReplays();
});
