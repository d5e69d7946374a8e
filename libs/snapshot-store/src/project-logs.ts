import {
  configKinds,
  deliveryKinds,
  type EventLog,
  LogFollower,
  type LogName,
  type ReadableKinds,
  xdsKinds,
} from "@routeledger/event-log";
import type { Failure } from "@routeledger/std";
import type { SnapshotStore } from "./store.ts";

export interface ProjectedLogs {
  readonly config: EventLog;
  readonly xds: EventLog;
  readonly delivery: EventLog;
}

export interface ProjectionOptions {
  readonly signal: AbortSignal;
  /** A log holds what this version cannot read: the store stands still there until an operator skips it. */
  readonly onStopped?: (log: LogName, failure: Failure) => void;
}

const kindsOf: Readonly<Record<LogName, ReadableKinds>> = {
  CONFIG: configKinds,
  XDS: xdsKinds,
  DELIVERY: deliveryKinds,
};

/**
 * The store's loop: follows the three logs until the signal is aborted. Each batch is one transaction.
 *
 * Rejects with what ended the first of the three: `log.recreated`, `log.shorter`, `log.brokenChain` when a log is
 * no longer the one that the store was made from (then nothing of it was written), `log.compacted` when the store
 * is older than what the log still holds, `store.*`.
 */
export async function projectLogs(
  store: SnapshotStore,
  logs: ProjectedLogs,
  { signal, onStopped }: ProjectionOptions,
): Promise<void> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const all = [logs.config, logs.xds, logs.delivery].map((log) => follow(store, log, either, onStopped));
  try {
    await Promise.all(all);
  } finally {
    ended.abort();
    await Promise.allSettled(all);
  }
}

async function follow(
  store: SnapshotStore,
  log: EventLog,
  signal: AbortSignal,
  onStopped: ProjectionOptions["onStopped"],
): Promise<void> {
  const cursor = store.cursor(log.name);
  const identity = cursor?.identity ?? (await log.info()).identity;
  const follower = new LogFollower(log, {
    from: cursor?.tail,
    identity,
    kinds: kindsOf[log.name],
    chained: log.name !== "DELIVERY",
    handle: (items) => {
      const last = items.at(-1);
      if (last !== undefined) store.write(log.name, items, { identity, tail: last.tail });
    },
    ...(onStopped && { onStopped: (failure: Failure) => onStopped(log.name, failure) }),
  });
  await follower.run({ signal });
}
