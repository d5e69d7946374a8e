import type { Commit } from "@routeledger/event-log";
import { type Revision, revision } from "@routeledger/std";
import { decodePublication, type Publication, type PublishedStatus } from "@routeledger/xds-model";
import { GroupProjection } from "./group-projection.ts";
import type { SqliteDatabase } from "./open-database.ts";
import { statusStatements } from "./status-statements.ts";

/** Writes what a commit of XDS published. Called in log order, inside a transaction. */
export function xdsProjection(database: SqliteDatabase): (commit: Commit) => void {
  const groups = new GroupProjection(database);
  const insertPublication = database.prepare(
    `INSERT INTO publications (sequence, epoch, config_epoch, config_from, config_to, config_hash,
       translator_version, term, time_ms, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const statuses = statusStatements(database);

  function writeStatus(status: PublishedStatus, at: Revision): void {
    statuses.close(status, at.sequence);
    if (status.json !== "") statuses.open(status, at.sequence);
  }

  function writePublication(commit: Commit, publication: Publication): void {
    const { configEpoch, from, to, configHash, translatorVersion, timeMs } = publication;
    insertPublication.run(
      ...[commit.revision.sequence, commit.revision.epoch, configEpoch, from, to, configHash],
      ...[translatorVersion, commit.term, timeMs, commit.payload.length],
    );
    for (const delta of publication.deltas) {
      const at = revision(configEpoch, delta.sequence);
      const moment = { revision: at, timeMs: delta.timeMs, retireGraceMs: delta.retireGraceMs };
      for (const group of delta.groups) groups.write(group, moment);
      for (const status of delta.statuses) writeStatus(status, at);
    }
  }

  return (commit) => {
    if (commit.kind === "Publication") writePublication(commit, decodePublication(commit.payload));
  };
}
