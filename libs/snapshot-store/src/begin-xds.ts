import {
  decodePublishedCheckpoints,
  type Published,
  type PublishedStatus,
  statusKey,
} from "@routeledger/xds-model";
import { GroupBeginning } from "./begin-group.ts";
import type { Began, XdsBeginning } from "./beginning.ts";
import { contentSweeper } from "./contents.ts";
import { open } from "./ledger-schema.ts";
import { missingWriter } from "./missing-ranges.ts";
import type { SqliteDatabase } from "./open-database.ts";
import { publishedTables } from "./published-mover.ts";
import { statusStatements } from "./status-statements.ts";

/**
 * Puts what is published as of a checkpoint in the place of what lies between it and the last revision of which the
 * store holds what it became. What it holds behind it is dropped, and is read again. Called inside a transaction,
 * with the last CONFIG sequence that is held.
 */
export function xdsBeginning(database: SqliteDatabase): (beginning: XdsBeginning, heldTo: number) => Began {
  const missing = missingWriter(database);
  const sweep = contentSweeper(database);
  const groups = new GroupBeginning(database);
  const statuses = statusStatements(database);
  const drop = [
    "DELETE FROM publications WHERE config_to > ?",
    "DELETE FROM parts WHERE from_sequence < 0 AND ? = 0",
    ...publishedTables.map((table) => `DELETE FROM ${table} WHERE from_sequence > ?`),
    ...publishedTables.map(
      (table) => `UPDATE ${table} SET until_sequence = ${open} WHERE until_sequence > ?`,
    ),
  ].map((text) => database.prepare(text));
  const dropSkipped = database.prepare("DELETE FROM skipped WHERE log = 'XDS' AND sequence > ?");
  const openStatuses = database.prepare<[], PublishedStatus>(
    `SELECT api_group AS "group", kind, namespace, name, json FROM statuses WHERE until_sequence = ${open}`,
  );
  // What is published up to here is in no publication that the store has read.
  const insertPublication = database.prepare(
    `INSERT OR IGNORE INTO publications (sequence, epoch, config_epoch, config_from, config_to, config_hash,
       translator_version, term, time_ms, bytes)
     VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, 0)`,
  );

  function putStatuses(published: Published, { closeAt, at }: { closeAt: number; at: number }): void {
    const wanted = new Map(published.statuses);
    for (const row of openStatuses.all()) {
      const key = statusKey(row);
      if (wanted.get(key)?.json === row.json) wanted.delete(key);
      else statuses.close(row, closeAt);
    }
    for (const status of wanted.values()) statuses.open(status, at);
  }

  return (beginning, heldTo) => {
    const { tail, configHash, anew } = beginning;
    const published = decodePublishedCheckpoints(beginning.states);
    const { epoch, sequence: at } = published.revision;
    const keepTo = anew ? 0 : at;
    let held = heldTo;
    if (heldTo > keepTo) {
      for (const statement of drop) statement.run(keepTo);
      sweep();
      held = missing.dropAfter("XDS", keepTo);
    }
    dropSkipped.run(anew ? 0 : tail.sequence);
    const when = { closeAt: Math.min(held + 1, at), at };
    for (const group of groups.openGroups()) if (!published.snapshots.has(group)) groups.close(group, when);
    for (const snapshot of published.snapshots.values()) groups.put(snapshot, when);
    putStatuses(published, when);
    if (held >= at) return { missing: undefined, at };
    missing.put("XDS", { from: held + 1, until: at, untilEpoch: epoch });
    const span = [tail.sequence, tail.epoch, epoch, held + 1, at];
    insertPublication.run(...span, configHash, tail.term, published.timeMs);
    return { missing: held + 1 < at ? { from: held + 1, to: at - 1 } : undefined, at };
  };
}
