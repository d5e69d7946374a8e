import type { Revision } from "@routeledger/std";
import type { NoArgs, Query } from "./query.ts";

/** Kinds that people did not write and that change nothing: no moments, and not in `log` unless asked for. */
export const quietKinds = ["TermStarted", "CheckpointPart", "CheckpointClosed", "Catalog"];

const quiet = quietKinds.map((kind) => `'${kind}'`).join(", ");

export interface Head {
  /** The last event; 0.0 when there is none. */
  readonly revision: Revision;
  /** Its time, milliseconds since 1970. */
  readonly timeMs: number;
  /** The first event that the store holds. */
  readonly oldest: Revision;
  /** CONFIG sequence up to which the store holds what it became. */
  readonly publishedTo: number;
  /** Of the last publication; 0 before. */
  readonly translatorVersion: number;
}

export const head: Query<NoArgs, Head> = {
  prepare(database) {
    const last = database.prepare<[], EventRow>(
      `SELECT epoch, sequence, time_ms FROM events WHERE kind NOT IN (${quiet}) ORDER BY sequence DESC LIMIT 1`,
    );
    const first = database.prepare<[], EventRow>(
      "SELECT epoch, sequence, time_ms FROM events ORDER BY sequence LIMIT 1",
    );
    const published = database.prepare<[], { config_to: number; translator_version: number }>(
      "SELECT config_to, translator_version FROM publications ORDER BY sequence DESC LIMIT 1",
    );
    return () => {
      const newest = last.get();
      const publication = published.get();
      return {
        revision: revisionOf(newest),
        timeMs: newest?.time_ms ?? 0,
        oldest: revisionOf(first.get()),
        publishedTo: publication?.config_to ?? 0,
        translatorVersion: publication?.translator_version ?? 0,
      };
    };
  },
};

/** A moment as somebody wrote it: `@412`, `@1.412`, `@head`, `@-2`, a time. */
export type Moment =
  | { readonly type: "head" }
  | { readonly type: "sequence"; readonly epoch?: number; readonly sequence: number }
  /** So many events before the last one. */
  | { readonly type: "back"; readonly events: number }
  | { readonly type: "time"; readonly timeMs: number };

export type ResolvedMoment =
  | { readonly outcome: "found"; readonly revision: Revision; readonly timeMs: number }
  | { readonly outcome: "beforeOldest"; readonly oldest: Revision }
  | { readonly outcome: "afterHead"; readonly head: Revision }
  | { readonly outcome: "otherEpoch"; readonly revision: Revision };

/** The event that was the last one at a moment. A sequence between two events means the one before it. */
export const resolveMoment: Query<{ readonly moment: Moment }, ResolvedMoment> = {
  prepare(database) {
    const askHead = head.prepare(database);
    const atSequence = database.prepare<[number], EventRow>(
      "SELECT epoch, sequence, time_ms FROM events WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1",
    );
    const atTime = database.prepare<[number], EventRow>(
      `SELECT epoch, sequence, time_ms FROM events WHERE time_ms <= ? AND kind NOT IN (${quiet})
       ORDER BY time_ms DESC, sequence DESC LIMIT 1`,
    );
    const back = database.prepare<[number], EventRow>(
      `SELECT epoch, sequence, time_ms FROM events WHERE kind NOT IN (${quiet})
       ORDER BY sequence DESC LIMIT 1 OFFSET ?`,
    );
    const last = database.prepare("SELECT coalesce(max(sequence), 0) FROM events").pluck();
    return ({ moment }) => {
      const { revision, timeMs, oldest } = askHead({});
      const found = (row: EventRow | undefined): ResolvedMoment =>
        row === undefined
          ? { outcome: "beforeOldest", oldest }
          : { outcome: "found", revision: revisionOf(row), timeMs: row.time_ms };
      switch (moment.type) {
        case "head":
          return { outcome: "found", revision, timeMs };
        case "back":
          return found(back.get(moment.events));
        case "time":
          return found(atTime.get(moment.timeMs));
        case "sequence": {
          if (moment.sequence > (last.get() as number)) return { outcome: "afterHead", head: revision };
          const row = atSequence.get(moment.sequence);
          const isOther = row !== undefined && moment.epoch !== undefined && moment.epoch !== row.epoch;
          return isOther ? { outcome: "otherEpoch", revision: revisionOf(row) } : found(row);
        }
      }
    };
  },
};

interface EventRow {
  readonly epoch: number;
  readonly sequence: number;
  readonly time_ms: number;
}

function revisionOf(row: EventRow | undefined): Revision {
  return row === undefined ? { epoch: 0, sequence: 0 } : { epoch: row.epoch, sequence: row.sequence };
}
