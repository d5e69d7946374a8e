import type { LogName } from "@routeledger/event-log";
import type { SqliteDatabase } from "./open-database.ts";

/**
 * How the store records what it does not hold: half-open ranges of sequences, by log. Those of CONFIG and of XDS are
 * CONFIG sequences (of which events or of which snapshots and statuses are not there), those of DELIVERY are its own.
 */
export interface MissingWriter {
  /**
   * An empty range says that only the event at `until` is not there, though its state is; one that ends before it
   * begins says nothing. `untilEpoch` is that of the revision at `until`.
   */
  put(
    log: LogName,
    range: { readonly from: number; readonly until: number; readonly untilEpoch: number },
  ): void;
  /** Forgets ranges that reach behind a sequence. Returns the last sequence at or before it that is held. */
  dropAfter(log: LogName, sequence: number): number;
}

/** Called inside a transaction. */
export function missingWriter(database: SqliteDatabase): MissingWriter {
  const insert = database.prepare("INSERT OR REPLACE INTO missing VALUES (?, ?, ?, ?)");
  const covering = database
    .prepare("SELECT from_sequence FROM missing WHERE log = ? AND from_sequence <= ? AND until_sequence > ?")
    .pluck();
  const drop = database.prepare("DELETE FROM missing WHERE log = ? AND until_sequence > ?");
  return {
    put(log, { from, until, untilEpoch }) {
      if (from <= until) insert.run(log, from, until, untilEpoch);
    },
    dropAfter(log, sequence) {
      const from = covering.get(log, sequence, sequence) as number | undefined;
      drop.run(log, sequence);
      return from === undefined ? sequence : from - 1;
    },
  };
}
