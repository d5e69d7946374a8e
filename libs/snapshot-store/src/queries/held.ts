import type { Revision } from "@routeledger/std";
import type { SqliteDatabase } from "../open-database.ts";

/** Ranges of CONFIG sequences that the store does not hold. */
export interface Held {
  /** The first of a range of sequences whose events are missing; both ends included. */
  firstMissing(from: number, to: number): number | undefined;
  /** Whether what was published at a revision is missing. */
  isPublishedMissing(sequence: number): boolean;
  /** Where the range of missing events or snapshots begins that a sequence lies in; undefined when it is held. */
  missingSince(sequence: number): number | undefined;
  /** The first revision at or behind a sequence of which everything is there; undefined when it is itself. */
  next(sequence: number): Revision | undefined;
}

/** Asks what is missing. */
export function prepareHeld(database: SqliteDatabase): Held {
  const first = database
    .prepare(
      `SELECT max(from_sequence, @from) FROM missing
       WHERE log = 'CONFIG' AND from_sequence <= @to AND until_sequence > @from ORDER BY from_sequence LIMIT 1`,
    )
    .pluck();
  const published = database.prepare(
    "SELECT 1 FROM missing WHERE log = 'XDS' AND from_sequence <= @sequence AND until_sequence > @sequence LIMIT 1",
  );
  const covering = database.prepare<[object], { sequence: number; epoch: number }>(
    `SELECT until_sequence AS sequence, until_epoch AS epoch FROM missing
     WHERE log IN ('CONFIG', 'XDS') AND from_sequence <= @sequence AND until_sequence > @sequence
     ORDER BY until_sequence DESC LIMIT 1`,
  );
  const since = database
    .prepare(
      `SELECT min(from_sequence) FROM missing
       WHERE log IN ('CONFIG', 'XDS') AND from_sequence <= @sequence AND until_sequence > @sequence`,
    )
    .pluck();
  return {
    missingSince: (sequence) => (since.get({ sequence }) as number | null) ?? undefined,
    firstMissing: (from, to) => first.get({ from, to }) as number | undefined,
    isPublishedMissing: (sequence) => published.get({ sequence }) !== undefined,
    next(sequence) {
      let found: Revision | undefined;
      // Where a range of one log ends, one of the other may go on.
      for (;;) {
        const range = covering.get({ sequence: found?.sequence ?? sequence });
        if (range === undefined) return found;
        found = range;
      }
    },
  };
}
