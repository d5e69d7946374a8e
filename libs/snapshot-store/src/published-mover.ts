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
  // What retires may have its parts in what is forgotten: they are put where no revision is.
  const keepParts = database.prepare(
    `INSERT OR REPLACE INTO parts
     SELECT p.node_group, p.type, p.resource, p.virtual_host, -@sequence, 1 - @sequence, p.digest, p.owners
     FROM retiring r JOIN parts p ON p.node_group = r.node_group AND p.type = r.type AND p.resource = r.name
       AND p.from_sequence <= r.parts_at AND p.until_sequence > r.parts_at
     WHERE r.until_sequence = ${open} AND r.parts_at >= @sequence`,
  );
  const pointToParts = database.prepare(
    `UPDATE retiring SET parts_at = -@sequence WHERE until_sequence = ${open} AND parts_at >= @sequence`,
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
    keepParts.run({ sequence });
    pointToParts.run({ sequence });
    for (const statement of statements) statement.run({ sequence });
    sweep();
  };
}
