import type { Commit } from "@routeledger/event-log";
import { canonicalJson, formatRevision, type Revision, revision } from "@routeledger/std";
import { decodePublication, type Publication, type PublishedStatus } from "@routeledger/xds-model";
import { GroupProjection } from "./group-projection.ts";
import { open } from "./ledger-schema.ts";
import type { SqliteDatabase } from "./open-database.ts";

/** Writes what a commit of XDS published. Called in log order, inside a transaction. */
export function xdsProjection(database: SqliteDatabase): (commit: Commit) => void {
  const groups = new GroupProjection(database);
  const insertPublication = database.prepare(
    `INSERT INTO publications (sequence, epoch, config_epoch, config_from, config_to, config_hash,
       translator_version, term, time_ms, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const closeStatus = database.prepare(
    `UPDATE statuses SET until_sequence = ?
     WHERE api_group = ? AND kind = ? AND namespace = ? AND name = ? AND until_sequence = ${open}`,
  );
  const insertStatus = database.prepare(
    `INSERT INTO statuses (api_group, kind, namespace, name, from_sequence, until_sequence, json)
     VALUES (?, ?, ?, ?, ?, ${open}, ?)`,
  );

  function writeStatus({ group, kind, namespace, name, json }: PublishedStatus, at: Revision): void {
    closeStatus.run(at.sequence, group, kind, namespace, name);
    if (json !== "") insertStatus.run(group, kind, namespace, name, at.sequence, json);
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

/** Owners as the store holds them: canonical JSON, revisions as text. */
export function ownersJson(
  owners: readonly { group: string; kind: string; namespace: string; name: string; revision: Revision }[],
): string {
  return canonicalJson(owners.map(({ revision: at, ...ref }) => ({ ...ref, revision: formatRevision(at) })));
}
