import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventLog } from "@routeledger/event-log";
import { openSqliteEventLogs, type SqliteEventLogs } from "@routeledger/event-log-sqlite";
import { openSnapshotStore, projectLogs, type SnapshotStore } from "@routeledger/snapshot-store";

/**
 * The digest of all that dev's store holds of CONFIG and XDS, brought up to the logs' ends, and that of a store that
 * is made from the logs alone. Dev must not run.
 */
export async function rebuiltStoreDigests(dataFolder: string): Promise<{ kept: string; rebuilt: string }> {
  const logs = await openSqliteEventLogs({ folder: join(dataFolder, "logs") });
  const folder = await mkdtemp(join(tmpdir(), "routeledger-rebuilt-"));
  try {
    return {
      kept: await projectedDigest(logs, join(dataFolder, "store")),
      rebuilt: await projectedDigest(logs, folder),
    };
  } finally {
    await logs.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function projectedDigest(logs: SqliteEventLogs, folder: string): Promise<string> {
  const store = openSnapshotStore({ folder });
  const stopping = new AbortController();
  const projection = projectLogs(store, logs, { signal: stopping.signal });
  try {
    for (const log of [logs.config, logs.xds]) await reachedEnd(store, log);
    return JSON.stringify(await store.query("contentDigest", {}));
  } finally {
    stopping.abort();
    await projection;
    await store.close();
  }
}

/** @throws Error when the store is not at the log's end in 20 s */
async function reachedEnd(store: SnapshotStore, log: EventLog): Promise<void> {
  const { lastSequence } = await log.info();
  const deadline = AbortSignal.timeout(20_000);
  while ((store.cursor(log.name)?.tail.sequence ?? 0) < lastSequence) {
    if (deadline.aborted) throw new Error(`the store is not at ${log.name} ${lastSequence} after 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
