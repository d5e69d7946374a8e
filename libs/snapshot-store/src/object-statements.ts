import type { ObjectRef } from "@routeledger/config-model";
import { type Revision, sha256, utf8 } from "@routeledger/std";
import { contentWriter } from "./contents.ts";
import { byUntil, open } from "./ledger-schema.ts";
import type { SqliteDatabase } from "./open-database.ts";

/** An object as CONFIG has it. */
export interface WrittenObject extends ObjectRef {
  readonly version: string;
  /** Canonical JSON. */
  readonly json: string;
  readonly source: string;
}

/** How objects' rows are written, prepared once. Called inside a transaction. */
export function objectStatements(database: SqliteDatabase): {
  /** The object ends at a sequence. */
  close(ref: ObjectRef, sequence: number): void;
  /** The object is this from its revision on. */
  open(object: WrittenObject, at: Revision): void;
} {
  const writeContent = contentWriter(database);
  const closeRow = database.prepare(
    `UPDATE ${byUntil("objects")} SET until_sequence = ?
     WHERE api_group = ? AND kind = ? AND namespace = ? AND name = ? AND until_sequence = ${open}`,
  );
  // An object that one commit names twice has one state at its revision: the last.
  const insert = database.prepare(
    `INSERT OR REPLACE INTO objects (api_group, kind, namespace, name, from_sequence, until_sequence, epoch, version,
       source, digest)
     VALUES (?, ?, ?, ?, ?, ${open}, ?, ?, ?, ?)`,
  );
  return {
    close({ group, kind, namespace, name }, sequence) {
      closeRow.run(sequence, group, kind, namespace, name);
    },
    open({ group, kind, namespace, name, version, json, source }, at) {
      const bytes = utf8(json);
      const digest = sha256(bytes);
      writeContent(digest, bytes);
      insert.run(group, kind, namespace, name, at.sequence, at.epoch, version, source, digest);
    },
  };
}
