import {
  configKinds,
  deliveryKinds,
  type EventLog,
  LogFollower,
  type LogName,
  type ReadableKinds,
  xdsKinds,
} from "@routeledger/event-log";
import { type Clock, Failure, pause, systemClock } from "@routeledger/std";
import { beginAgain } from "./begin-again.ts";
import type { Began } from "./beginning.ts";
import { CatalogConfirmer, type Confirm } from "./catalog-confirmer.ts";
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
  /** The store went on from checkpoints, since what comes next for it was purged or skipped. */
  readonly onBegan?: (log: LogName, began: Began) => void;
  /** A log cannot be read now; the store reads it again by itself. Once an outage. */
  readonly onInterrupted?: (log: LogName, failure: Failure) => void;
  readonly onResumed?: (log: LogName) => void;
  /**
   * Says to all that the store holds both logs durably up to these positions (StoreConfirmed). Called once for each
   * new pair of Catalogs, again until it resolves, never while the store is behind.
   */
  readonly confirm?: Confirm;
  readonly onConfirmFailed?: (error: unknown) => void;
  /** For back-off. Default `systemClock`. */
  readonly clock?: Clock;
}

const kindsOf: Readonly<Record<LogName, ReadableKinds>> = {
  CONFIG: configKinds,
  XDS: xdsKinds,
  DELIVERY: deliveryKinds,
};

/**
 * The store's loop: follows the three logs until the signal is aborted. Each batch is one transaction.
 *
 * What can happen besides: a log's storage is out of reach (it is read again, for ever); what comes next was purged, or a
 * revision that the store has was skipped for all: the store goes on from the last Catalog, and from the oldest
 * message of DELIVERY; an operator adopted a log that lost what the store holds: what it holds is kept in a file aside
 * and it reads the log anew; both logs have a new Catalog behind the store: it confirms.
 *
 * Rejects with what ended the first of the three: `log.recreated`, `log.shorter`, `log.brokenChain`,
 * `log.staleEpoch` when a log is no longer the one that the store was made from (then nothing of it was written),
 * `store.noCheckpoint` when a log was purged and no Catalog is readable, `store.*`.
 */
export async function projectLogs(
  store: SnapshotStore,
  logs: ProjectedLogs,
  options: ProjectionOptions,
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const { confirm, onConfirmFailed, clock = systemClock } = options;
  const confirmer =
    confirm &&
    new CatalogConfirmer({
      store,
      logs,
      confirm,
      signal,
      clock,
      ...(onConfirmFailed && { onConfirmFailed }),
    });
  const wrote = (): void => confirmer?.look();
  const all = [logs.config, logs.xds, logs.delivery].map((log) =>
    follow(store, log, { ...options, clock, signal, wrote }),
  );
  if (confirmer !== undefined) all.push(confirmer.run());
  try {
    await Promise.all(all);
  } finally {
    ended.abort();
    await Promise.allSettled(all);
  }
}

type FollowOptions = ProjectionOptions & { readonly clock: Clock; readonly wrote: () => void };

async function follow(store: SnapshotStore, log: EventLog, options: FollowOptions): Promise<void> {
  const { signal, clock, onBegan } = options;
  /** Times in a row that nothing could be read where the store began again. */
  let inVain = 0;
  while (!signal.aborted) {
    let anew = false;
    try {
      await followFromCursor(store, log, options, () => {
        inVain = 0;
      });
      return;
    } catch (error) {
      if (!(error instanceof Failure && beginsAgain.has(error.code))) throw error;
      anew = error.code === "log.adopted";
    }
    if (inVain > 0) await pause(clock, Math.min(backOffMaxMs, backOffMs * 2 ** inVain), signal);
    inVain++;
    const began = await beginAgain(store, log, { kinds: kindsOf[log.name], anew, signal, clock });
    if (began !== undefined) onBegan?.(log.name, began);
  }
}

const backOffMs = 50;
const backOffMaxMs = 2_000;

/**
 * What comes next is not there any more, or what was read does not count any more, or is lost, and an operator adopted
 * the log as it is: docs/spec/log.md L7, S4 and L10.
 */
const beginsAgain: ReadonlySet<string> = new Set(["log.compacted", "log.skippedAfterRead", "log.adopted"]);

function followFromCursor(
  store: SnapshotStore,
  log: EventLog,
  { signal, clock, onStopped, onInterrupted, onResumed, wrote }: FollowOptions,
  progressed: () => void,
): Promise<void> {
  const cursor = store.cursor(log.name);
  const follower = new LogFollower(log, {
    from: cursor?.tail,
    ...(cursor && { identity: cursor.identity }),
    kinds: kindsOf[log.name],
    chained: log.name !== "DELIVERY",
    clock,
    handle: async (items) => {
      const last = items.at(-1);
      if (last === undefined) return;
      await store.write(log.name, items, { identity: follower.identity ?? "", tail: last.tail });
      progressed();
      wrote();
    },
    ...(onStopped && { onStopped: (failure) => onStopped(log.name, failure) }),
    ...(onInterrupted && { onInterrupted: (failure) => onInterrupted(log.name, failure) }),
    ...(onResumed && { onResumed: () => onResumed(log.name) }),
  });
  return follower.run({ signal });
}
