import type { Commit } from "@routeledger/event-log";
import { type Revision, revision } from "@routeledger/std";
import { decodePublication, type Publication, type PublishedStatus } from "@routeledger/xds-model";
import { GroupProjection } from "./group-projection.ts";
import type { SqliteDatabase } from "./open-database.ts";
import { publishedMover } from "./published-mover.ts";
import { publishedTo } from "./queries/published-to.ts";
import { statusStatements } from "./status-statements.ts";

/**
 * A publication takes the place of revisions that the store holds and CONFIG lost. Thrown once, so that the store can
 * be kept aside before; after `allow` the publication is written.
 */
export class PublishedAnew extends Error {
  /** Where CONFIG goes on. */
  readonly from: Revision;
  readonly allow: () => void;

  constructor(from: Revision, allow: () => void) {
    super("a publication of a higher epoch begins at a revision that is published already");
    this.from = from;
    this.allow = allow;
  }
}

/** Writes what a commit of XDS published. Called in log order, inside a transaction. */
export function xdsProjection(database: SqliteDatabase): (commit: Omit<Commit, "hash">) => void {
  const groups = new GroupProjection(database);
  const insertPublication = database.prepare(
    `INSERT INTO publications (sequence, epoch, config_epoch, config_from, config_to, config_hash,
       translator_version, term, time_ms, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const statuses = statusStatements(database);
  const moveTo = publishedMover(database);
  let allowedEpoch = 0;

  function writeStatus(status: PublishedStatus, at: Revision): void {
    statuses.close(status, at.sequence);
    if (status.json !== "") statuses.open(status, at.sequence);
  }

  /** CONFIG lost what was published, and goes on in a higher epoch (docs/spec/log.md, X1). */
  function publishAnew({ configEpoch, from }: Publication): void {
    if (from > publishedTo(database)) return;
    if (allowedEpoch < configEpoch) {
      throw new PublishedAnew(revision(configEpoch, from), () => {
        allowedEpoch = configEpoch;
      });
    }
    moveTo(from);
  }

  function writePublication(commit: Omit<Commit, "hash">, publication: Publication): void {
    publishAnew(publication);
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
