import { contentSweeper } from "./contents.ts";
import { open } from "./ledger-schema.ts";
import type { SqliteDatabase } from "./open-database.ts";

/** Tables whose rows are intervals of CONFIG sequences, and that XDS makes. */
export const publishedTables = [
  "node_groups",
  "parts",
  "resources",
  "retiring",
  "type_versions",
  "statuses",
] as const;

/**
 * Forgets all published revisions from one on, but the last: that one counts from there, since proxies have it until
 * the next is published. Called inside a transaction.
 */
export function publishedMover(database: SqliteDatabase): (sequence: number) => void {
  // The bytes of what retires stand at the revision before it retired.
  const retiredParts = database.prepare<[object], object>(
    `SELECT p.node_group, p.type, p.resource, p.virtual_host, p.digest, p.owners
     FROM retiring r JOIN parts p ON p.node_group = r.node_group AND p.type = r.type AND p.resource = r.name
       AND p.from_sequence < r.from_sequence AND p.until_sequence >= r.from_sequence
     WHERE r.until_sequence = ${open} AND r.from_sequence >= @sequence AND p.from_sequence >= @sequence`,
  );
  const insertPart = database.prepare(
    `INSERT OR IGNORE INTO parts VALUES (@node_group, @type, @resource, @virtual_host, @sequence - 1, @sequence,
       @digest, @owners)`,
  );
  const moves = publishedTables.flatMap((table) => [
    `DELETE FROM ${table} WHERE from_sequence >= @sequence AND until_sequence <> ${open}`,
    `UPDATE ${table} SET until_sequence = @sequence
     WHERE until_sequence > @sequence AND until_sequence <> ${open}`,
    `UPDATE ${table} SET from_sequence = @sequence WHERE from_sequence > @sequence`,
  ]);
  const sweep = contentSweeper(database);
  const statements = moves.map((text) => database.prepare(text));
  return (sequence) => {
    const parts = retiredParts.all({ sequence });
    for (const statement of statements) statement.run({ sequence });
    for (const part of parts) insertPart.run({ ...part, sequence });
    sweep();
  };
}
