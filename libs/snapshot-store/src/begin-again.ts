import { type EventLog, emptyTail, type ReadableKinds, readCheckpoints } from "@routeledger/event-log";
import { type Clock, Failure, pause } from "@routeledger/std";
import type { Began, Beginning } from "./beginning.ts";
import type { SnapshotStore } from "./store.ts";

export interface BeginAgainOptions {
  readonly kinds: ReadableKinds;
  /** An operator adopted another past than the store knows (docs/spec/log.md, L10): nothing of it counts any more. */
  readonly anew: boolean;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

const backOffMaxMs = 2_000;

/**
 * Sets the store to the last Catalog of a log, or to the oldest message of DELIVERY. While storage is out of reach it
 * tries again, until the signal is aborted. Returns undefined when it did nothing: aborted, or the log is another
 * one, which whoever follows it says.
 *
 * @throws Failure `store.noCheckpoint` when the log was purged and no Catalog in it is usable
 */
export async function beginAgain(
  store: SnapshotStore,
  log: EventLog,
  { kinds, anew, signal, clock }: BeginAgainOptions,
): Promise<Began | undefined> {
  for (let backOffMs = 50; !signal.aborted; backOffMs = Math.min(backOffMaxMs, backOffMs * 2)) {
    try {
      const beginning = await readBeginning(log, kinds, anew);
      const known = store.cursor(log.name)?.identity ?? beginning.identity;
      if (known !== beginning.identity && !anew) return undefined;
      return await store.begin(beginning);
    } catch (error) {
      if (!(error instanceof Failure && error.retryable)) throw error;
    }
    await pause(clock, backOffMs, signal);
  }
  return undefined;
}

async function readBeginning(log: EventLog, kinds: ReadableKinds, anew: boolean): Promise<Beginning> {
  const { identity, firstSequence } = await log.info();
  const name = log.name;
  if (name === "DELIVERY") return { log: name, identity, firstSequence };
  // All of it is read again where all of it is there.
  const checkpoints = anew && firstSequence === 1 ? undefined : await readCheckpoints(log, kinds);
  if (checkpoints === undefined && firstSequence > 1) throw noCheckpoint(name, firstSequence);
  const { tail, states, configHash } = checkpoints ?? veryBeginning;
  if (name === "XDS") return { log: name, identity, tail, states, configHash, anew };
  const state = states.get("config");
  if (checkpoints !== undefined && state === undefined) throw noCheckpoint(name, firstSequence);
  return { log: name, identity, tail, anew, ...(state && { state }) };
}

const veryBeginning = {
  tail: emptyTail,
  states: new Map<string, Uint8Array>(),
  configHash: emptyTail.hash,
} as const;

function noCheckpoint(log: string, firstSequence: number): Failure {
  return new Failure(
    `begin a store with log ${log}: it was purged up to ${firstSequence}, and no checkpoint in it can be read`,
    {
      code: "store.noCheckpoint",
      retryable: false,
      hint: "start a translator: it writes checkpoints; a store that holds what was purged can be copied meanwhile",
      fields: { log, firstSequence },
    },
  );
}
