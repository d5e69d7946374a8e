import type { Statement } from "better-sqlite3";
import type { SqliteDatabase } from "./open-database.ts";

/** The statements by which deliveries are written, prepared once. */
export function deliveryStatements(database: SqliteDatabase) {
  const statement = (text: string): Statement<unknown[]> => database.prepare<unknown[]>(text);
  const streamKey = "edge_id = ? AND edge_started_ms = ? AND stream_id = ?";
  const trimmed = `disconnected_ms < (
     SELECT disconnected_ms FROM streams WHERE disconnected_ms IS NOT NULL
     ORDER BY disconnected_ms DESC LIMIT 1 OFFSET ?)`;
  return {
    edge: statement("SELECT started_ms, last_counter, lost FROM edges WHERE edge_id = ?"),
    putEdge: statement(
      "INSERT OR REPLACE INTO edges (edge_id, started_ms, last_counter, lost) VALUES (?, ?, ?, ?)",
    ),

    openStream: statement(
      `INSERT OR REPLACE INTO streams (edge_id, edge_started_ms, stream_id, node_id, node_group, connected_ms, type,
         protocol, peer, user_agent, identity, disconnected_ms, reason, gates, gates_total)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', '[]', 0)`,
    ),
    forgetTypes: statement(`DELETE FROM stream_types WHERE ${streamKey}`),
    // Its connect was discarded, or never came: what is not known of it is empty.
    seeStream: statement(
      `INSERT OR IGNORE INTO streams (edge_id, edge_started_ms, stream_id, node_id, node_group, connected_ms, type,
         protocol, peer, user_agent, identity, disconnected_ms, reason, gates, gates_total)
       VALUES (?, ?, ?, ?, ?, ?, 0, '', '', '', '', NULL, '', '[]', 0)`,
    ),
    gates: statement(`UPDATE streams SET gates = ?, gates_total = ? WHERE ${streamKey}`),
    closeStream: statement(
      `UPDATE streams SET disconnected_ms = ?, reason = ?, gates = '[]', gates_total = 0 WHERE ${streamKey}`,
    ),
    closeStreamsOfEdge: statement(
      `UPDATE streams SET disconnected_ms = ?, reason = ?, gates = '[]', gates_total = 0
       WHERE edge_id = ? AND disconnected_ms IS NULL`,
    ),
    trimTypes: statement(
      `DELETE FROM stream_types WHERE (edge_id, edge_started_ms, stream_id) IN (
         SELECT edge_id, edge_started_ms, stream_id FROM streams WHERE ${trimmed})`,
    ),
    trimStreams: statement(`DELETE FROM streams WHERE ${trimmed}`),
    trimRejections: statement(
      `DELETE FROM rejections AS r WHERE NOT EXISTS (
         SELECT 1 FROM streams s WHERE s.node_id = r.node_id AND s.node_group = r.node_group)`,
    ),

    touchType: statement(
      "INSERT OR IGNORE INTO stream_types (edge_id, edge_started_ms, stream_id, type) VALUES (?, ?, ?, ?)",
    ),
    sent: statement(
      `UPDATE stream_types SET sent_nonce = ?, sent_version = ?, sent_epoch = ?, sent_sequence = ?, sent_ms = ?,
         sent_resources = ?, sent_bytes = ? WHERE ${streamKey} AND type = ?`,
    ),
    acked: statement(
      `UPDATE stream_types SET acked_nonce = ?, acked_version = ?, acked_epoch = ?, acked_sequence = ?,
         acked_ms = ?, acked_digest = ? WHERE ${streamKey} AND type = ?`,
    ),
    nacked: statement(
      `UPDATE stream_types SET nacked_nonce = ?, nacked_version = ?, nacked_epoch = ?, nacked_sequence = ?,
         nacked_ms = ?, nacked_code = ?, nacked_message = ?, nacked_resources = ? WHERE ${streamKey} AND type = ?`,
    ),

    ...loadStatements(statement),

    history: statement(
      `INSERT INTO history (edge_id, edge_started_ms, counter, time_ms, node_id, node_group, stream_id, what, type,
         version, sequence, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    trimHistory: statement("DELETE FROM history WHERE id <= (SELECT max(id) FROM history) - ?"),
  };
}

function loadStatements(statement: (text: string) => Statement<unknown[]>) {
  return {
    load: statement(
      `INSERT INTO loads (edge_id, node_group, cluster, from_ms, until_ms, proxies, successful, errors, issued)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    trimLoads: statement("DELETE FROM loads WHERE id <= (SELECT max(id) FROM loads) - ?"),
  };
}
