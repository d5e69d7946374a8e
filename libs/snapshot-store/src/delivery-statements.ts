import type { Statement } from "better-sqlite3";
import type { SqliteDatabase } from "./open-database.ts";

/** The statements by which deliveries are written, prepared once. */
export function deliveryStatements(database: SqliteDatabase) {
  const statement = (text: string): Statement<unknown[]> => database.prepare<unknown[]>(text);
  const typeKey = "node_id = ? AND node_group = ? AND type = ?";
  return {
    edge: statement("SELECT started_ms, last_counter, lost FROM edges WHERE edge_id = ?"),
    putEdge: statement(
      "INSERT OR REPLACE INTO edges (edge_id, started_ms, last_counter, lost) VALUES (?, ?, ?, ?)",
    ),

    openStream: statement(
      `INSERT OR REPLACE INTO streams (edge_id, edge_started_ms, stream_id, node_id, node_group, protocol, peer,
         user_agent, connected_ms, disconnected_ms, reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '')`,
    ),
    // Its connect was discarded, or never came: what is not known of it is empty.
    seeStream: statement(
      `INSERT OR IGNORE INTO streams (edge_id, edge_started_ms, stream_id, node_id, node_group, protocol, peer,
         user_agent, connected_ms, disconnected_ms, reason)
       VALUES (?, ?, ?, ?, ?, '', '', '', ?, NULL, '')`,
    ),
    closeStream: statement(
      `UPDATE streams SET disconnected_ms = ?, reason = ?
       WHERE edge_id = ? AND edge_started_ms = ? AND stream_id = ?`,
    ),
    closeStreamsOfEdge: statement(
      "UPDATE streams SET disconnected_ms = ?, reason = ? WHERE edge_id = ? AND disconnected_ms IS NULL",
    ),
    trimStreams: statement(
      `DELETE FROM streams WHERE disconnected_ms < (
         SELECT disconnected_ms FROM streams WHERE disconnected_ms IS NOT NULL
         ORDER BY disconnected_ms DESC LIMIT 1 OFFSET ?)`,
    ),

    touchType: statement("INSERT OR IGNORE INTO proxy_types (node_id, node_group, type) VALUES (?, ?, ?)"),
    forgetNonces: statement(
      "UPDATE proxy_types SET sent_nonce = NULL, nacked_nonce = NULL WHERE node_id = ? AND node_group = ?",
    ),
    sent: statement(
      `UPDATE proxy_types SET sent_nonce = ?, sent_version = ?, sent_epoch = ?, sent_sequence = ?, sent_ms = ?,
         sent_resources = ?, sent_bytes = ? WHERE ${typeKey}`,
    ),
    acked: statement(
      `UPDATE proxy_types SET acked_nonce = ?, acked_version = ?, acked_epoch = ?, acked_sequence = ?,
         acked_ms = ?, acked_digest = ? WHERE ${typeKey}`,
    ),
    nacked: statement(
      `UPDATE proxy_types SET nacked_nonce = ?, nacked_version = ?, nacked_epoch = ?, nacked_sequence = ?,
         nacked_ms = ?, nacked_code = ?, nacked_message = ?, nacked_resources = ? WHERE ${typeKey}`,
    ),

    history: statement(
      `INSERT INTO history (edge_id, edge_started_ms, counter, time_ms, node_id, node_group, stream_id, what, type,
         version, sequence, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    trimHistory: statement("DELETE FROM history WHERE id <= (SELECT max(id) FROM history) - ?"),
  };
}
