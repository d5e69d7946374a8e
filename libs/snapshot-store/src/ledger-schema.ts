/**
 * Tables of `ledger.db`: what CONFIG and XDS became.
 *
 * All that changes is a half-open interval of CONFIG sequences: a row counts at a revision when
 * `from_sequence <= revision < until_sequence`; what still counts has `until_sequence = open`. So any revision is
 * one indexed query, and a revision costs what it changed. Nothing in here but `store` depends on batching or on this
 * machine.
 *
 * What retires has its parts at the sequence `parts_at`: the one before it retired or, where the store does not hold that
 * any more, one below 0, at which nothing else is.
 *
 * A store that began at checkpoints, or that was away for longer than the logs were kept, does not hold all revisions:
 * `missing` says which. Rows may reach into such a range, or over it; they count only outside.
 */
export const ledgerFormat = 3;

/** Up to this format no log was ever purged: a file of it is rebuilt from the logs without loss. */
export const rebuildableFormat = 2;

/** `until_sequence` of what still counts: 2^53 - 1, which no log reaches. */
export const open = Number.MAX_SAFE_INTEGER;

export const ledgerSchema = `
CREATE TABLE cursors (
  log TEXT PRIMARY KEY, identity TEXT NOT NULL, sequence INTEGER NOT NULL, hash BLOB NOT NULL,
  epoch INTEGER NOT NULL, term INTEGER NOT NULL, time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE missing (
  log TEXT NOT NULL, from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL, until_epoch INTEGER NOT NULL,
  PRIMARY KEY (log, from_sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE store (
  id TEXT PRIMARY KEY,
  config_catalog INTEGER NOT NULL, xds_catalog INTEGER NOT NULL,
  config_confirmed INTEGER NOT NULL, xds_confirmed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  sequence INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, first_sequence INTEGER NOT NULL, commit_id TEXT NOT NULL,
  kind TEXT NOT NULL, schema_version INTEGER NOT NULL, term INTEGER NOT NULL, actor TEXT NOT NULL,
  source TEXT NOT NULL, summary TEXT NOT NULL, time_ms INTEGER NOT NULL, trace_context TEXT NOT NULL,
  bytes INTEGER NOT NULL, changes INTEGER NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (time_ms, sequence);

CREATE TABLE skipped (
  log TEXT NOT NULL, sequence INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (log, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE contents (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, size INTEGER NOT NULL, compressed INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE objects (
  api_group TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
  from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL,
  epoch INTEGER NOT NULL, version TEXT NOT NULL, source TEXT NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (api_group, kind, namespace, name, from_sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX objects_by_until ON objects (until_sequence, api_group, kind, namespace, name);
CREATE INDEX objects_by_from ON objects (from_sequence);

CREATE TABLE publications (
  sequence INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, config_epoch INTEGER NOT NULL, config_from INTEGER NOT NULL,
  config_to INTEGER NOT NULL, config_hash BLOB NOT NULL, translator_version INTEGER NOT NULL,
  term INTEGER NOT NULL, time_ms INTEGER NOT NULL, bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX publications_by_config ON publications (config_to);

CREATE TABLE node_groups (
  node_group TEXT NOT NULL, from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL,
  PRIMARY KEY (node_group, from_sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE parts (
  node_group TEXT NOT NULL, type INTEGER NOT NULL, resource TEXT NOT NULL, virtual_host TEXT NOT NULL,
  from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL, digest BLOB NOT NULL, owners TEXT NOT NULL,
  PRIMARY KEY (node_group, type, resource, virtual_host, from_sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX parts_by_until ON parts (node_group, until_sequence, type, resource, virtual_host);
CREATE INDEX parts_by_from ON parts (from_sequence);

CREATE TABLE resources (
  node_group TEXT NOT NULL, type INTEGER NOT NULL, name TEXT NOT NULL,
  from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL,
  digest BLOB NOT NULL, version TEXT NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (node_group, type, name, from_sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX resources_by_until ON resources (node_group, until_sequence, type, name);
CREATE INDEX resources_by_from ON resources (from_sequence);

CREATE TABLE retiring (
  node_group TEXT NOT NULL, type INTEGER NOT NULL, name TEXT NOT NULL,
  from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL,
  digest BLOB NOT NULL, version TEXT NOT NULL, retired_at_ms INTEGER NOT NULL, parts_at INTEGER NOT NULL,
  PRIMARY KEY (node_group, type, name, from_sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE type_versions (
  node_group TEXT NOT NULL, type INTEGER NOT NULL, from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL,
  digest BLOB NOT NULL, version TEXT NOT NULL, resources INTEGER NOT NULL,
  PRIMARY KEY (node_group, type, from_sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE statuses (
  api_group TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
  from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY (api_group, kind, namespace, name, from_sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX statuses_by_until ON statuses (until_sequence, api_group, kind, namespace, name);
`;

/** Indexes that came after the format: made wherever they lack, since a file with them is still of that format. */
export const ledgerIndexes = `
CREATE INDEX IF NOT EXISTS node_groups_by_until ON node_groups (until_sequence, node_group);
CREATE INDEX IF NOT EXISTS retiring_by_until ON retiring (node_group, until_sequence, type, name);
CREATE INDEX IF NOT EXISTS type_versions_by_until ON type_versions (node_group, until_sequence, type);
`;

/** Tables whose rows are intervals of CONFIG sequences. */
export type IntervalTable =
  | "objects"
  | "node_groups"
  | "parts"
  | "resources"
  | "retiring"
  | "type_versions"
  | "statuses";

/**
 * A table for a statement that asks what still counts, or counted at a recent moment. It names the index: by itself
 * SQLite would take the primary key, and read all that a name ever was to find what it is.
 */
export function byUntil(table: IntervalTable, alias = ""): string {
  return `${table} ${alias} INDEXED BY ${table}_by_until`;
}
