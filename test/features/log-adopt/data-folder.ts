import { deepEqual, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { silentLogger } from "@routeledger/service-kit";
import { openSnapshotStore, type ProjectedLogs, type SnapshotStore } from "@routeledger/snapshot-store";
import { systemClock } from "@routeledger/std";
import { checkReplay, readPublished, startTranslator } from "@routeledger/translator";
import { startXdsEdge } from "@routeledger/xds-edge";
import { type Published, resourceTypes } from "@routeledger/xds-model";
import { runCli } from "../cli/run-cli.ts";
import { type FollowedStore, followed } from "../store/followed-store.ts";
import { withStore } from "../store/projected-store.ts";
import { ConfigAuthor } from "../translator/config-author.ts";
import { endpointSlice, route, service } from "../translator/sample-objects.ts";

const logFiles = { config: "config.sqlite", xds: "xds.sqlite", delivery: "delivery.sqlite" } as const;

export interface OpenLogs extends ProjectedLogs {
  close(): Promise<void>;
}

/** A data folder, on which services run one time after another, and between times an operator damages it. */
export class DataFolder {
  readonly folder: string;
  readonly #open: () => Promise<OpenLogs>;
  readonly #where: readonly string[];

  private constructor(folder: string, where: readonly string[], open: () => Promise<OpenLogs>) {
    this.folder = folder;
    this.#where = where;
    this.#open = open;
  }

  static async make(test: TestContext): Promise<DataFolder> {
    const folder = await mkdtemp(join(tmpdir(), "routeledger-adopt-"));
    test.after(() => rm(folder, { recursive: true, force: true }));
    return new DataFolder(folder, ["--data", folder], () =>
      openSqliteEventLogs({ folder: join(folder, "logs") }),
    );
  }

  /** The same store, on logs elsewhere. @param where how commands name them */
  withLogsAt(where: readonly string[], open: () => Promise<OpenLogs>): DataFolder {
    return new DataFolder(this.folder, where, open);
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
    logs: OpenLogs,
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
  async withLogs<T>(use: (logs: OpenLogs) => Promise<T>): Promise<T> {
    const logs = await this.#open();
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
    return runCli(["log", "adopt", ...this.#where, "--reason", "an old backup", ...args]);
  }

  /** Rejects with how the store's loop ends on the logs as they are. */
  async storeEnds(): Promise<void> {
    let ended = false;
    const follow = (logs: OpenLogs) => this.#withStore(logs, (_, following) => following.until(() => ended));
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

/** What makes a shop that is reached by its name. */
export function shopOf(name: string) {
  return [service(name), endpointSlice(name, "10.0.0.1"), route(name, `${name}.example`, name)];
}

export function clusterOf(name: string): string {
  return `service/default/${name}/80`;
}

export function clusters({ snapshots }: Published): string[] {
  return [...(snapshots.get("default/web")?.types.cluster.resources.keys() ?? [])];
}

function allVersions({ snapshots }: Published): string[] {
  const { types } = snapshots.get("default/web")!;
  return resourceTypes.flatMap((type) =>
    [...types[type].resources.values()].map(({ name, version }) => `${type} ${name} ${version}`),
  );
}
