import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSnapshotStore, type ProjectionOptions, type SnapshotStore } from "@routeledger/snapshot-store";
import { followed } from "./followed-store.ts";
import type { MemoryLogs } from "./random-history.ts";

/** Runs `use` with a store in a new folder. */
export async function withStore<T>(use: (store: SnapshotStore) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-store-"));
  const store = openSnapshotStore({ folder });
  try {
    return await use(store);
  } finally {
    await store.close();
    await rm(folder, { recursive: true });
  }
}

/** Follows the logs until the store has all that they hold now. */
export async function project(
  store: SnapshotStore,
  logs: MemoryLogs,
  options: Omit<ProjectionOptions, "signal"> = {},
): Promise<void> {
  const following = followed(store, logs, options);
  await following.caughtUp();
  await following.stop();
}
