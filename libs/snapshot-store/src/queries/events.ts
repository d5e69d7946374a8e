import type { Revision } from "@routeledger/std";
import { storeBegan } from "../begin-config.ts";
import { quietKinds } from "./moments.ts";
import type { StoredRef } from "./objects.ts";
import { type ObjectDifference, prepareDifference } from "./objects-between.ts";
import type { Query } from "./query.ts";

export interface StoredEvent {
  readonly revision: Revision;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly kind: string;
  readonly commitId: string;
  readonly term: number;
  readonly actor: string;
  readonly source: string;
  readonly summary: string;
  readonly traceContext: string;
  /** Of the payload. */
  readonly bytes: number;
  /** Sorted by object. A takeover that changes only the owner is "configured". */
  readonly changes: readonly StoredChange[];
}

export interface StoredChange {
  readonly ref: StoredRef;
  readonly change: "created" | "configured" | "deleted";
}

export interface EventsBetweenArgs {
  /** CONFIG sequences: those above `after` and not above `to`. */
  readonly after: number;
  readonly to: number;
  /** The newest of them; at least 1. */
  readonly limit: number;
  /** Only events that changed objects of this kind, or one object. */
  readonly of?: {
    readonly group: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  /** Terms and checkpoints, too. */
  readonly all?: boolean;
}

/** Events, newest first. */
export const eventsBetween: Query<EventsBetweenArgs, StoredEvent[]> = {
  prepare(database) {
    const changesOf = prepareChanges(database);
    const touches = (column: string): string =>
      `SELECT ${column} FROM objects WHERE ${column} > @after AND ${column} <= @to
         AND api_group = @group AND kind = @kind AND (@namespace IS NULL OR namespace = @namespace)
         AND (@name IS NULL OR name = @name)`;
    const list = database.prepare<[object], EventRow>(
      `SELECT * FROM events WHERE sequence > @after AND sequence <= @to
         AND (@all = 1 OR kind NOT IN (${quietKinds.map((kind) => `'${kind}'`).join(", ")}))
         AND (@kind IS NULL OR sequence IN (${touches("from_sequence")} UNION ${touches("until_sequence")}))
       ORDER BY sequence DESC LIMIT @limit`,
    );
    return ({ after, to, limit, of, all }) => {
      const about = { group: of?.group ?? null, kind: of?.kind ?? null };
      const object = { namespace: of?.namespace ?? null, name: of?.name ?? null };
      const rows = list.all({ after, to, limit, ...about, ...object, all: all ? 1 : 0 });
      return rows.map((row) => storedEvent(row, changesOf(row)));
    };
  },
};

export interface EventDetail extends StoredEvent {
  readonly objects: readonly ObjectDifference[];
}

/** One event with what it changed; undefined where no event has that very sequence. */
export const eventAt: Query<{ readonly sequence: number }, EventDetail | undefined> = {
  prepare(database) {
    const changesOf = prepareChanges(database);
    const difference = prepareDifference(database);
    const find = database.prepare<[number], EventRow>("SELECT * FROM events WHERE sequence = ?");
    return ({ sequence }) => {
      const row = find.get(sequence);
      if (row === undefined) return undefined;
      const objects = row.kind === storeBegan ? [] : difference({ a: sequence - 1, b: sequence });
      return { ...storedEvent(row, changesOf(row)), objects };
    };
  },
};

function prepareChanges(
  database: Parameters<typeof prepareDifference>[0],
): (row: EventRow) => StoredChange[] {
  const list = database.prepare<[object], ChangeRow>(
    `SELECT api_group, kind, namespace, name, max(began) AS began, max(ended) AS ended FROM (
       SELECT api_group, kind, namespace, name, 1 AS began, 0 AS ended FROM objects WHERE from_sequence = @sequence
       UNION ALL
       SELECT api_group, kind, namespace, name, 0, 1 FROM objects WHERE until_sequence = @sequence)
     GROUP BY api_group, kind, namespace, name ORDER BY api_group, kind, namespace, name`,
  );
  // What a store begins with did not change there.
  return ({ sequence, kind }) =>
    (kind === storeBegan ? [] : list.all({ sequence })).map(
      ({ api_group: group, kind, namespace, name, began, ended }) => ({
        ref: { group, kind, namespace, name },
        change: began === 0 ? "deleted" : ended === 0 ? "created" : "configured",
      }),
    );
}

interface ChangeRow {
  readonly api_group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly began: number;
  readonly ended: number;
}

interface EventRow {
  readonly sequence: number;
  readonly epoch: number;
  readonly commit_id: string;
  readonly kind: string;
  readonly term: number;
  readonly actor: string;
  readonly source: string;
  readonly summary: string;
  readonly time_ms: number;
  readonly trace_context: string;
  readonly bytes: number;
}

function storedEvent(row: EventRow, changes: readonly StoredChange[]): StoredEvent {
  const { kind, term, actor, source, summary, bytes } = row;
  return {
    revision: { epoch: row.epoch, sequence: row.sequence },
    timeMs: row.time_ms,
    kind,
    commitId: row.commit_id,
    term,
    actor,
    source,
    summary,
    traceContext: row.trace_context,
    bytes,
    changes,
  };
}
