import type { PublishedStatus } from "@routeledger/xds-model";
import { byUntil, open } from "./ledger-schema.ts";
import type { SqliteDatabase } from "./open-database.ts";

/** How statuses' rows are written, prepared once. Called inside a transaction. */
export function statusStatements(database: SqliteDatabase): {
  /** The status ends at a CONFIG sequence. */
  close(of: Omit<PublishedStatus, "json">, sequence: number): void;
  /** The status is this from a CONFIG sequence on. */
  open(status: PublishedStatus, sequence: number): void;
} {
  const closeRow = database.prepare(
    `UPDATE ${byUntil("statuses")} SET until_sequence = ?
     WHERE api_group = ? AND kind = ? AND namespace = ? AND name = ? AND until_sequence = ${open}`,
  );
  const insert = database.prepare(
    `INSERT OR REPLACE INTO statuses (api_group, kind, namespace, name, from_sequence, until_sequence, json)
     VALUES (?, ?, ?, ?, ?, ${open}, ?)`,
  );
  return {
    close({ group, kind, namespace, name }, sequence) {
      closeRow.run(sequence, group, kind, namespace, name);
    },
    open({ group, kind, namespace, name, json }, sequence) {
      insert.run(group, kind, namespace, name, sequence, json);
    },
  };
}
