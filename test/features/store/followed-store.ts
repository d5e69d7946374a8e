import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ProjectedLogs,
  type ProjectionOptions,
  projectLogs,
  type SnapshotStore,
} from "@routeledger/snapshot-store";

/** Runs `use` with a new folder. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-store-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A store that follows logs until `stop`. What ends it rejects whatever waits for it. */
export interface FollowedStore {
  /** Resolves when the store stands at the end of all logs as they are now. */
  caughtUp(): Promise<void>;
  /** Resolves when a condition holds; asks it each time that the event loop turns. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when everything that was ready to run has run. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export function followed(
  store: SnapshotStore,
  logs: ProjectedLogs,
  options: Omit<ProjectionOptions, "signal"> = {},
): FollowedStore {
  const stopping = new AbortController();
  const done = projectLogs(store, logs, { ...options, signal: stopping.signal });
  const failed = done.then(() => new Promise<never>(() => undefined));
  let ended = false;
  failed.catch(() => {
    ended = true;
  });
  const turns = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!ended && !(await condition())) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const until = (condition: () => boolean | Promise<boolean>): Promise<void> =>
    Promise.race([turns(condition), failed]);
  return {
    until,
    caughtUp: async () => {
      for (const log of [logs.config, logs.xds, logs.delivery]) {
        const { lastSequence } = await log.info();
        await until(() => (store.cursor(log.name)?.tail.sequence ?? 0) >= lastSequence);
      }
    },
    settled: async () => {
      let turn = 0;
      await until(() => turn++ >= 20);
    },
    async stop() {
      stopping.abort();
      await done;
    },
  };
}
