import { bytesEqual } from "@routeledger/std";
import type { SqliteDatabase } from "../open-database.ts";
import { publishedTo } from "./published-to.ts";

/** A resource that a proxy rejected and should have still. */
export interface RejectedRow {
  readonly type: number;
  readonly name: string;
  /** Of the bytes that it rejected. */
  readonly digest: Buffer;
  readonly version: string;
  readonly time_ms: number;
  readonly code: number;
  readonly message: string;
  /** 0: it is one of several, and nobody can tell which was wrong. */
  readonly culprit: number;
  readonly held_sequence: number | null;
  readonly held_digest: Buffer | null;
}

export interface RejectedOf {
  readonly nodeId: string;
  readonly nodeGroup: string;
  /** CONFIG sequence of what the proxy acknowledged last of a type; undefined: nothing. */
  readonly ackedSequence: (type: number) => number | undefined;
}

/**
 * What a proxy rejected and should have still, by type and name: at the newest revision, or at the one that it acknowledged
 * the rest of, its bytes are those that were rejected, and they are not on their way again.
 */
export function prepareRejected(database: SqliteDatabase): (proxy: RejectedOf) => RejectedRow[] {
  const list = database.prepare<[string, string], RejectedRow>(
    `SELECT * FROM delivery.rejections
     WHERE node_id = ? AND node_group = ? AND (offered_digest IS NULL OR offered_digest <> digest)
     ORDER BY type, name`,
  );
  const digestAt = prepareResourceDigest(database);
  return ({ nodeId, nodeGroup, ackedSequence }) => {
    const rows = list.all(nodeId, nodeGroup);
    if (rows.length === 0) return rows;
    const head = publishedTo(database);
    return rows.filter(({ type, name, digest }) =>
      [head, ackedSequence(type) ?? head].some((sequence) => {
        const wanted = digestAt({ nodeGroup, type, name, sequence });
        return wanted !== undefined && bytesEqual(wanted, digest);
      }),
    );
  };
}

export interface ResourceAt {
  readonly nodeGroup: string;
  readonly type: number;
  readonly name: string;
  readonly sequence: number;
}

/** The digest of a resource at a revision; undefined: the snapshot has none of that name. */
export function prepareResourceDigest(database: SqliteDatabase): (key: ResourceAt) => Buffer | undefined {
  const find = database
    .prepare(
      `SELECT digest FROM resources WHERE node_group = @nodeGroup AND type = @type AND name = @name
         AND from_sequence <= @sequence AND until_sequence > @sequence`,
    )
    .pluck();
  return (key) => find.get(key) as Buffer | undefined;
}
