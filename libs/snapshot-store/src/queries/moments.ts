import type { Revision } from "@routeledger/std";
import type { SqliteDatabase } from "../open-database.ts";
import { type Held, prepareHeld } from "./held.ts";
import { publishedTo } from "./published-to.ts";
import type { NoArgs, Query } from "./query.ts";

/** Kinds that people did not write and that change nothing: no moments, and not in `log` unless asked for. */
export const quietKinds = ["TermStarted", "CheckpointPart", "CheckpointClosed", "Catalog", "StoreConfirmed"];

const quiet = quietKinds.map((kind) => `'${kind}'`).join(", ");

export interface Head {
  /** The last event; 0.0 when there is none. */
  readonly revision: Revision;
  /** Its time, milliseconds since 1970. */
  readonly timeMs: number;
  /** The first revision that the store holds. */
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
    const version = database
      .prepare("SELECT translator_version FROM publications ORDER BY sequence DESC LIMIT 1")
      .pluck();
    const held = prepareHeld(database);
    const lift = prepareLift(database, held);
    return () => {
      const newest = last.get();
      const oldest = revisionOf(first.get());
      return {
        revision: (newest && lift(newest)) ?? revisionOf(newest),
        timeMs: newest?.time_ms ?? 0,
        oldest: held.next(oldest.sequence) ?? oldest,
        publishedTo: publishedTo(database),
        translatorVersion: (version.get() as number | undefined) ?? 0,
      };
    };
  },
};

/**
 * The revision to ask about for the state after an event: its own or, where the store's snapshots begin only behind it
 * and no other event lies between, that where they begin. Undefined where neither is held.
 */
function prepareLift(database: SqliteDatabase, held: Held): (event: EventRow) => Revision | undefined {
  const next = database
    .prepare(
      `SELECT sequence FROM events WHERE sequence > ? AND kind NOT IN (${quiet}) ORDER BY sequence LIMIT 1`,
    )
    .pluck();
  const end = database.prepare("SELECT sequence FROM cursors WHERE log = 'CONFIG'").pluck();
  return (event) => {
    const lifted = held.next(event.sequence);
    if (lifted === undefined) return revisionOf(event);
    // Where events are missing in between, the store's beginning behind them is such an event.
    const nextEvent = (next.get(event.sequence) as number | undefined) ?? Number.POSITIVE_INFINITY;
    const isKnown =
      lifted.sequence < nextEvent && lifted.sequence <= ((end.get() as number | undefined) ?? 0);
    return isKnown ? lifted : undefined;
  };
}

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
  /** The store was away when that was: what lies from `from` up to `next` is not in it. */
  | { readonly outcome: "missing"; readonly from: number; readonly next: Revision }
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
    const end = database.prepare("SELECT coalesce(max(sequence), 0) FROM events").pluck();
    const following = database
      .prepare("SELECT sequence FROM events WHERE sequence > ? AND time_ms > ? ORDER BY sequence LIMIT 1")
      .pluck();
    const held = prepareHeld(database);
    const lift = prepareLift(database, held);
    return ({ moment }) => {
      const { revision, timeMs, oldest } = askHead({});
      const lost = (at: number): ResolvedMoment => {
        const next = held.next(at);
        if (next === undefined || next.sequence <= oldest.sequence)
          return { outcome: "beforeOldest", oldest };
        return { outcome: "missing", from: held.missingSince(at) ?? at, next };
      };
      /** The event was the last one up to a sequence, if nothing between them is missing. */
      const found = (row: EventRow | undefined, upTo: number): ResolvedMoment => {
        if (row === undefined) return { outcome: "beforeOldest", oldest };
        const gap = held.firstMissing(row.sequence, upTo);
        if (gap !== undefined) return lost(gap);
        const at = lift(row);
        return at === undefined
          ? lost(row.sequence)
          : { outcome: "found", revision: at, timeMs: row.time_ms };
      };
      switch (moment.type) {
        case "head":
          return { outcome: "found", revision, timeMs };
        case "back":
          return found(back.get(moment.events), revision.sequence);
        case "time": {
          const row = atTime.get(moment.timeMs);
          const next = row && (following.get(row.sequence, moment.timeMs) as number | undefined);
          return found(row, (next ?? revision.sequence + 1) - 1);
        }
        case "sequence": {
          if (moment.sequence > (end.get() as number)) return { outcome: "afterHead", head: revision };
          const row = atSequence.get(moment.sequence);
          const isOther = row !== undefined && moment.epoch !== undefined && moment.epoch !== row.epoch;
          return isOther ? { outcome: "otherEpoch", revision: revisionOf(row) } : found(row, moment.sequence);
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
