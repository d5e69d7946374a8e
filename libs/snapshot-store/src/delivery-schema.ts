/**
 * Tables of `deliveries.db`: what happened between edges and proxies. Lossy by contract: records that an edge had
 * to drop, those of a crash of this machine, and those that the log discarded before this store read them are
 * missing; `edges.lost` counts what is known to be, `missing` says which messages of the log were gone.
 *
 * A proxy may have several streams at once, each with its own types (`streams.type` is 0 for all types), and what each of
 * them holds back. What it rejected is the proxy's, whatever the stream: a row stays until the proxy acknowledged the
 * same bytes. `offered_*` is what it was sent of that name since, `held_*` what it acknowledged of it last: bytes where
 * that is known, else the CONFIG sequence of what it had acknowledged of the type.
 */
export const deliveryFormat = 4;

/** Records of the history that are kept, over all proxies; the oldest go first. */
export const historyMax = 100_000;

/** Rejected resources of one response that are kept when nobody can tell which of them was wrong. */
export const rejectionsMax = 100;

/** Rows of loads that are kept; the oldest go first. */
export const loadsMax = 20_000;

/** Closed streams that are kept; the oldest go first. */
export const closedStreamsMax = 10_000;

export const deliverySchema = `
CREATE TABLE cursors (
  log TEXT PRIMARY KEY, identity TEXT NOT NULL, sequence INTEGER NOT NULL, hash BLOB NOT NULL,
  epoch INTEGER NOT NULL, term INTEGER NOT NULL, time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE missing (
  log TEXT NOT NULL, from_sequence INTEGER NOT NULL, until_sequence INTEGER NOT NULL, until_epoch INTEGER NOT NULL,
  PRIMARY KEY (log, from_sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE edges (
  edge_id TEXT PRIMARY KEY, started_ms INTEGER NOT NULL, last_counter INTEGER NOT NULL, lost INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE streams (
  edge_id TEXT NOT NULL, edge_started_ms INTEGER NOT NULL, stream_id INTEGER NOT NULL,
  node_id TEXT NOT NULL, node_group TEXT NOT NULL, type INTEGER NOT NULL, protocol TEXT NOT NULL, peer TEXT NOT NULL,
  user_agent TEXT NOT NULL, identity TEXT NOT NULL, connected_ms INTEGER NOT NULL, disconnected_ms INTEGER,
  reason TEXT NOT NULL, gates TEXT NOT NULL, gates_total INTEGER NOT NULL,
  PRIMARY KEY (edge_id, edge_started_ms, stream_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX streams_by_node ON streams (node_id, connected_ms);
CREATE INDEX streams_connected ON streams (node_group) WHERE disconnected_ms IS NULL;
CREATE INDEX streams_closed ON streams (disconnected_ms) WHERE disconnected_ms IS NOT NULL;

CREATE TABLE stream_types (
  edge_id TEXT NOT NULL, edge_started_ms INTEGER NOT NULL, stream_id INTEGER NOT NULL, type INTEGER NOT NULL,
  sent_nonce TEXT, sent_version TEXT, sent_epoch INTEGER, sent_sequence INTEGER, sent_ms INTEGER,
  sent_resources INTEGER, sent_bytes INTEGER,
  acked_nonce TEXT, acked_version TEXT, acked_epoch INTEGER, acked_sequence INTEGER, acked_ms INTEGER,
  acked_digest BLOB,
  nacked_nonce TEXT, nacked_version TEXT, nacked_epoch INTEGER, nacked_sequence INTEGER, nacked_ms INTEGER,
  nacked_code INTEGER, nacked_message TEXT, nacked_resources TEXT,
  PRIMARY KEY (edge_id, edge_started_ms, stream_id, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejections (
  node_id TEXT NOT NULL, node_group TEXT NOT NULL, type INTEGER NOT NULL, name TEXT NOT NULL,
  digest BLOB NOT NULL, version TEXT NOT NULL, sequence INTEGER NOT NULL, time_ms INTEGER NOT NULL,
  code INTEGER NOT NULL, message TEXT NOT NULL, culprit INTEGER NOT NULL,
  offered_nonce TEXT, offered_digest BLOB, held_sequence INTEGER, held_digest BLOB,
  PRIMARY KEY (node_id, node_group, type, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE loads (
  id INTEGER PRIMARY KEY, edge_id TEXT NOT NULL, node_group TEXT NOT NULL, cluster TEXT NOT NULL,
  from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, proxies INTEGER NOT NULL,
  successful INTEGER NOT NULL, errors INTEGER NOT NULL, issued INTEGER NOT NULL
) STRICT;
CREATE INDEX loads_by_group ON loads (node_group, from_ms);

CREATE TABLE history (
  id INTEGER PRIMARY KEY, edge_id TEXT NOT NULL, edge_started_ms INTEGER NOT NULL, counter INTEGER NOT NULL,
  time_ms INTEGER NOT NULL, node_id TEXT NOT NULL, node_group TEXT NOT NULL, stream_id INTEGER NOT NULL,
  what TEXT NOT NULL, type INTEGER, version TEXT, sequence INTEGER, detail TEXT NOT NULL
) STRICT;
CREATE INDEX history_by_node ON history (node_id, id);
`;
