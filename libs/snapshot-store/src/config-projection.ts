import { decodeConfigEvent, type ObjectChange } from "@routeledger/config-model";
import type { Commit } from "@routeledger/event-log";
import { sha256, utf8 } from "@routeledger/std";
import { contentWriter } from "./contents.ts";
import { open } from "./ledger-schema.ts";
import type { SqliteDatabase } from "./open-database.ts";

/** Writes what a commit of CONFIG changed. Called in log order, inside a transaction. */
export function configProjection(database: SqliteDatabase): (commit: Commit) => void {
  const writeContent = contentWriter(database);
  const insertEvent = database.prepare(
    `INSERT INTO events (sequence, epoch, first_sequence, commit_id, kind, schema_version, term, actor, source,
       summary, time_ms, trace_context, bytes, changes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const close = database.prepare(
    `UPDATE objects SET until_sequence = ?
     WHERE api_group = ? AND kind = ? AND namespace = ? AND name = ? AND until_sequence = ${open}`,
  );
  // An object that one commit names twice has one state at its revision: the last.
  const insertObject = database.prepare(
    `INSERT OR REPLACE INTO objects (api_group, kind, namespace, name, from_sequence, until_sequence, version,
       source, digest)
     VALUES (?, ?, ?, ?, ?, ${open}, ?, ?, ?)`,
  );

  function writeChange(change: ObjectChange, sequence: number): void {
    const { group, kind, namespace, name } = change;
    close.run(sequence, group, kind, namespace, name);
    if (change.type === "deleted") return;
    const bytes = utf8(change.json);
    const digest = sha256(bytes);
    writeContent(digest, bytes);
    insertObject.run(group, kind, namespace, name, sequence, change.version, change.source, digest);
  }

  return (commit) => {
    const { revision, firstSequence, commitId, kind, schemaVersion, term, actor, source, summary } = commit;
    const { fact } = decodeConfigEvent(commit);
    const changes = fact.type === "changeSet" ? fact.changes : [];
    const text = [commitId, kind, schemaVersion, term, actor, source, summary];
    insertEvent.run(
      ...[revision.sequence, revision.epoch, firstSequence, ...text],
      ...[commit.timeMs, commit.traceContext, commit.payload.length, changes.length],
    );
    for (const change of changes) writeChange(change, revision.sequence);
  };
}
