import { createHash } from "node:crypto";
import { canonicalJson, type JsonValue, toHex } from "@routeledger/std";
import type { NoArgs, Query } from "./query.ts";

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

export interface ContentDigest {
  /** SHA-256 over all, 64 hexadecimal digits. Two stores of the same logs have the same. */
  readonly digest: string;
  /** By table, to say where two stores differ. */
  readonly tables: Readonly<Record<string, string>>;
}

/** The digest of everything that CONFIG and XDS made; deliveries are lossy and not part of it. Reads the whole store. */
export const contentDigest: Query<NoArgs, ContentDigest> = {
  prepare(database) {
    const statements = Object.entries(columns).map(
      ([table, rest]) => [table, database.prepare<[], unknown[]>(`SELECT ${rest}`).raw()] as const,
    );
    return () => {
      const whole = createHash("sha256");
      const tables: Record<string, string> = {};
      for (const [table, statement] of statements) {
        const hash = createHash("sha256");
        for (const row of statement.iterate()) hash.update(`${canonicalJson(row.map(plain))}\n`);
        tables[table] = hash.digest("hex");
        whole.update(`${table} ${tables[table]}\n`);
      }
      return { digest: whole.digest("hex"), tables };
    };
  },
};

function plain(value: unknown): JsonValue {
  return value instanceof Uint8Array ? toHex(value) : (value as JsonValue);
}
