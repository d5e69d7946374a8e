import {
  allObjects,
  type ConfigObject,
  type ConfigState,
  decodeStateCheckpoint,
  emptyConfigState,
  objectKey,
} from "@routeledger/config-model";
import type { Began, ConfigBeginning } from "./beginning.ts";
import { contentSweeper } from "./contents.ts";
import { open } from "./ledger-schema.ts";
import { missingWriter } from "./missing-ranges.ts";
import { objectStatements } from "./object-statements.ts";
import type { SqliteDatabase } from "./open-database.ts";

/** Kind of the row in `events` that stands for what is missing before it; no log has it. */
export const storeBegan = "StoreBegan";

/**
 * Puts the state of a checkpoint in the place of what lies between it and the last event that the store holds. What
 * the store holds behind it is dropped, and is read again. Called inside a transaction with the last sequence held.
 */
export function configBeginning(
  database: SqliteDatabase,
): (beginning: ConfigBeginning, heldTo: number) => Began {
  const missing = missingWriter(database);
  const sweep = contentSweeper(database);
  const objects = objectStatements(database);
  const drop = [
    "DELETE FROM events WHERE sequence > ?",
    "DELETE FROM skipped WHERE log = 'CONFIG' AND sequence > ?",
    "DELETE FROM objects WHERE from_sequence > ?",
    `UPDATE objects SET until_sequence = ${open} WHERE until_sequence > ?`,
  ].map((text) => database.prepare(text));
  const openObjects = database.prepare<[], OpenObject>(
    `SELECT api_group AS "group", kind, namespace, name, from_sequence, epoch FROM objects
     WHERE until_sequence = ${open}`,
  );
  const insertBegan = database.prepare(
    `INSERT OR IGNORE INTO events (sequence, epoch, first_sequence, commit_id, kind, schema_version, term, actor,
       source, summary, time_ms, trace_context, bytes, changes)
     VALUES (?, ?, ?, '', '${storeBegan}', 1, 0, '', 'store', ?, ?, '', 0, 0)`,
  );

  /** Makes the open rows those of the state. */
  function putState(state: ConfigState, closeAt: number): void {
    const wanted = new Map<string, ConfigObject>(
      allObjects(state).map((object) => [objectKey(object), object]),
    );
    for (const row of openObjects.all()) {
      const object = wanted.get(objectKey(row));
      const isSame = object?.revision.sequence === row.from_sequence && object.revision.epoch === row.epoch;
      if (isSame) wanted.delete(objectKey(row));
      else objects.close(row, closeAt);
    }
    for (const object of wanted.values()) objects.open(object, object.revision);
  }

  return (beginning, heldTo) => {
    const { tail, anew } = beginning;
    const state = beginning.state === undefined ? emptyConfigState : decodeStateCheckpoint(beginning.state);
    const at = tail.sequence;
    const keepTo = anew ? 0 : at;
    let held = heldTo;
    if (heldTo > keepTo) {
      for (const statement of drop) statement.run(keepTo);
      sweep();
      held = missing.dropAfter("CONFIG", keepTo);
    }
    putState(state, Math.min(held + 1, at));
    if (held >= at) return { missing: undefined, at };
    missing.put("CONFIG", { from: held + 1, until: at, untilEpoch: tail.epoch });
    const gap = held + 1 < at ? { from: held + 1, to: at - 1 } : undefined;
    const summary = gap ? `events ${gap.from} to ${gap.to} are not in this store` : "";
    insertBegan.run(at, tail.epoch, at, summary, state.timeMs);
    return { missing: gap, at };
  };
}

interface OpenObject {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly from_sequence: number;
  readonly epoch: number;
}
