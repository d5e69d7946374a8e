import { type ConfigFact, decodeConfigEvent, type ObjectChange } from "@routeledger/config-model";
import type { Commit } from "@routeledger/event-log";
import type { Revision } from "@routeledger/std";
import { objectStatements } from "./object-statements.ts";
import type { SqliteDatabase } from "./open-database.ts";

/** Writes what a commit of CONFIG changed. Called in log order, inside a transaction. */
export function configProjection(database: SqliteDatabase): (commit: Omit<Commit, "hash">) => void {
  const insertEvent = database.prepare(
    `INSERT INTO events (sequence, epoch, first_sequence, commit_id, kind, schema_version, term, actor, source,
       summary, time_ms, trace_context, bytes, changes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const objects = objectStatements(database);

  function writeChange(change: ObjectChange, at: Revision): void {
    objects.close(change, at.sequence);
    if (change.type === "applied") objects.open(change, at);
  }

  return (commit) => {
    const { revision, firstSequence, commitId, kind, schemaVersion, term, actor, source, summary } = commit;
    const { fact } = decodeConfigEvent(commit);
    const changes = changesOf(fact);
    const text = [commitId, kind, schemaVersion, term, actor, source, summary];
    insertEvent.run(
      ...[revision.sequence, revision.epoch, firstSequence, ...text],
      ...[commit.timeMs, commit.traceContext, commit.payload.length, changes.length],
    );
    for (const change of changes) writeChange(change, revision);
  };
}

/** What an event changes at once: a SwitchPrepared changes nothing yet. Steps that do not fit are never appended (SW2). */
function changesOf(fact: ConfigFact): readonly ObjectChange[] {
  switch (fact.type) {
    case "changeSet":
    case "switchTurned":
    case "switchReverted":
      return fact.changes;
    default:
      return [];
  }
}
