import { createHash } from "node:crypto";
import { canonicalJson, type JsonValue, toHex } from "@routeledger/std";
import type { Query } from "./query.ts";

/** What is compared: every column but row ids, how bytes are packed, and which copy of a log was read. */
const columns: Readonly<Record<string, string>> = {
  contents: "digest, size FROM contents ORDER BY digest",
  cursors: "log, sequence, hash, epoch, term, time_ms FROM cursors ORDER BY log",
  events: "* FROM events ORDER BY sequence",
  node_groups: "* FROM node_groups ORDER BY node_group, from_sequence",
  objects: "* FROM objects ORDER BY api_group, kind, namespace, name, from_sequence",
  parts: "* FROM parts ORDER BY node_group, type, resource, virtual_host, from_sequence",
  publications: "* FROM publications ORDER BY sequence",
  resources: "* FROM resources ORDER BY node_group, type, name, from_sequence",
  retiring: "* FROM retiring ORDER BY node_group, type, name, from_sequence",
  skipped: "* FROM skipped ORDER BY log, sequence",
  statuses: "* FROM statuses ORDER BY api_group, kind, namespace, name, from_sequence",
  type_versions: "* FROM type_versions ORDER BY node_group, type, from_sequence",
};

/**
 * The same from a CONFIG revision on: rows that count then or later, begun then at the earliest. What retires is left
 * out: a checkpoint drops it when its grace is over, a store when its node group next changes.
 */
const columnsSince: Readonly<Record<string, string>> = {
  contents: `digest, size FROM contents WHERE digest IN (
      SELECT digest FROM objects WHERE until_sequence > @since
      UNION SELECT digest FROM parts WHERE until_sequence > @since) ORDER BY digest`,
  cursors: "log, sequence, hash, epoch, term, time_ms FROM cursors ORDER BY log",
  events: "* FROM events WHERE sequence > @since ORDER BY sequence",
  node_groups: interval("node_groups", "node_group"),
  objects: interval("objects", "api_group, kind, namespace, name", "epoch, version, source, digest"),
  parts: interval("parts", "node_group, type, resource, virtual_host", "digest, owners"),
  publications: "* FROM publications WHERE config_to > @since ORDER BY sequence",
  resources: interval("resources", "node_group, type, name", "digest, version, bytes"),
  skipped: `log, sequence, reason FROM skipped WHERE sequence > CASE log WHEN 'CONFIG' THEN @since ELSE coalesce(
      (SELECT sequence FROM publications WHERE config_to > @since ORDER BY sequence LIMIT 1),
      ${Number.MAX_SAFE_INTEGER}) END ORDER BY log, sequence`,
  statuses: interval("statuses", "api_group, kind, namespace, name", "json"),
  type_versions: interval("type_versions", "node_group, type", "digest, version, resources"),
};

function interval(table: string, key: string, rest?: string): string {
  const columns = [key, "max(from_sequence, @since) AS begun", "until_sequence", ...(rest ? [rest] : [])];
  return `${columns.join(", ")} FROM ${table}
    WHERE until_sequence > @since AND until_sequence > from_sequence ORDER BY ${key}, begun`;
}

export interface ContentDigest {
  /** SHA-256 over all, 64 hexadecimal digits. Two stores of the same logs have the same. */
  readonly digest: string;
  /** By table, to say where two stores differ. */
  readonly tables: Readonly<Record<string, string>>;
  /** From this CONFIG sequence on the store holds everything; 0 for one that saw all. */
  readonly heldSince: number;
}

/**
 * The digest of what CONFIG and XDS made; deliveries are lossy and not part of it. Reads the whole store.
 *
 * Without `since` it is of everything, and equal for two stores that saw the same. With it, it is of what counts at
 * that CONFIG revision or later: equal for any two stores of the same logs whose `heldSince` is not behind it,
 * whether they saw all or began at checkpoints.
 */
export const contentDigest: Query<{ readonly since?: number }, ContentDigest> = {
  prepare(database) {
    const prepared = (tables: Readonly<Record<string, string>>) =>
      Object.entries(tables).map(
        ([table, rest]) => [table, database.prepare<unknown[], unknown[]>(`SELECT ${rest}`).raw()] as const,
      );
    const all = prepared(columns);
    const since = prepared(columnsSince);
    const heldSince = database
      .prepare("SELECT coalesce(max(until_sequence), 0) FROM missing WHERE log IN ('CONFIG', 'XDS')")
      .pluck();
    return ({ since: from }) => {
      const whole = createHash("sha256");
      const tables: Record<string, string> = {};
      for (const [table, statement] of from === undefined ? all : since) {
        const hash = createHash("sha256");
        const asksSince = from !== undefined && columnsSince[table]?.includes("@since");
        const rows = asksSince ? statement.iterate({ since: from }) : statement.iterate();
        for (const row of rows) hash.update(`${canonicalJson(row.map(plain))}\n`);
        tables[table] = hash.digest("hex");
        whole.update(`${table} ${tables[table]}\n`);
      }
      return { digest: whole.digest("hex"), tables, heldSince: heldSince.get() as number };
    };
  },
};

function plain(value: unknown): JsonValue {
  return value instanceof Uint8Array ? toHex(value) : (value as JsonValue);
}
