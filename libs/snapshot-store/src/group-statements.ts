import type { Statement } from "better-sqlite3";
import { byUntil, open } from "./ledger-schema.ts";
import type { SqliteDatabase } from "./open-database.ts";

/**
 * The statements by which a node group's rows are written, prepared once. `until_sequence` is the first parameter of
 * those that close. A row that began where another of the same name just ended takes the place of that empty one.
 */
export function groupStatements(database: SqliteDatabase) {
  const statement = (text: string): Statement<unknown[]> => database.prepare<unknown[]>(text);
  const resourceKey = `node_group = ? AND type = ? AND name = ? AND until_sequence = ${open}`;
  const partsKey = `node_group = ? AND type = ? AND resource = ? AND until_sequence = ${open}`;
  const groupTables = ["node_groups", "parts", "resources", "retiring", "type_versions"] as const;
  return {
    openGroup: statement(
      `SELECT 1 FROM ${byUntil("node_groups")} WHERE node_group = ? AND until_sequence = ${open}`,
    ),
    insertGroup: statement(`INSERT OR REPLACE INTO node_groups VALUES (?, ?, ${open})`),
    closeGroup: groupTables.map((table) =>
      statement(
        `UPDATE ${byUntil(table)} SET until_sequence = ? WHERE node_group = ? AND until_sequence = ${open}`,
      ),
    ),

    openGroups: statement(`SELECT node_group FROM ${byUntil("node_groups")} WHERE until_sequence = ${open}`),
    allOpen: {
      parts: statement(
        `SELECT type, resource, virtual_host, digest, owners FROM ${byUntil("parts")}
         WHERE node_group = ? AND until_sequence = ${open}`,
      ),
      resources: statement(
        `SELECT type, name, version FROM ${byUntil("resources")} WHERE node_group = ? AND until_sequence = ${open}`,
      ),
      retiring: statement(
        `SELECT type, name, digest, version, retired_at_ms FROM ${byUntil("retiring")}
         WHERE node_group = ? AND until_sequence = ${open}`,
      ),
      types: statement(
        `SELECT type, version FROM ${byUntil("type_versions")} WHERE node_group = ? AND until_sequence = ${open}`,
      ),
    },

    openParts: statement(
      `SELECT virtual_host, digest FROM ${byUntil("parts")} WHERE ${partsKey} ORDER BY virtual_host`,
    ),
    insertPart: statement(`INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ${open}, ?, ?)`),
    insertPartAside: statement("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
    closePart: statement(
      `UPDATE ${byUntil("parts")} SET until_sequence = ? WHERE ${partsKey} AND virtual_host = ?`,
    ),
    closeParts: statement(`UPDATE ${byUntil("parts")} SET until_sequence = ? WHERE ${partsKey}`),

    openResource: statement(`SELECT digest, version FROM ${byUntil("resources")} WHERE ${resourceKey}`),
    insertResource: statement(`INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ${open}, ?, ?, ?)`),
    closeResource: statement(`UPDATE ${byUntil("resources")} SET until_sequence = ? WHERE ${resourceKey}`),
    openNames: statement(
      `SELECT name, digest FROM ${byUntil("resources")}
       WHERE node_group = ? AND until_sequence = ${open} AND type = ?`,
    ),

    insertRetiring: statement(`INSERT OR REPLACE INTO retiring VALUES (?, ?, ?, ?, ${open}, ?, ?, ?, ?)`),
    closeRetiring: statement(`UPDATE ${byUntil("retiring")} SET until_sequence = ? WHERE ${resourceKey}`),
    expireRetiring: statement(
      `UPDATE ${byUntil("retiring")} SET until_sequence = ?
       WHERE node_group = ? AND until_sequence = ${open} AND retired_at_ms < ?`,
    ),

    openType: statement(
      `SELECT digest FROM ${byUntil("type_versions")} WHERE node_group = ? AND type = ? AND until_sequence = ${open}`,
    ),
    insertType: statement(`INSERT OR REPLACE INTO type_versions VALUES (?, ?, ?, ${open}, ?, ?, ?)`),
    closeType: statement(
      `UPDATE ${byUntil("type_versions")} SET until_sequence = ?
       WHERE node_group = ? AND type = ? AND until_sequence = ${open}`,
    ),
  };
}
