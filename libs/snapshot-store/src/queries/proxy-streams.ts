import { typeNumbers } from "@routeledger/xds-model";
import type { StoredGateRow } from "../delivery-projection.ts";
import type { SqliteDatabase } from "../open-database.ts";

/** One stream as the store holds it. */
export interface StreamRow {
  readonly edge_id: string;
  readonly edge_started_ms: number;
  readonly stream_id: number;
  readonly node_id: string;
  readonly node_group: string;
  /** 0: it carries all types. */
  readonly type: number;
  readonly protocol: string;
  readonly peer: string;
  readonly user_agent: string;
  readonly identity: string;
  readonly connected_ms: number;
  readonly disconnected_ms: number | null;
  readonly reason: string;
  /** JSON of `StoredGateRow`. */
  readonly gates: string;
  readonly gates_total: number;
}

/** A proxy of a node group by its streams. */
export interface ProxyStreams {
  readonly nodeId: string;
  readonly nodeGroup: string;
  /** Any of its streams is. */
  readonly connected: boolean;
  /** The newest that counts. */
  readonly newest: StreamRow;
  /**
   * Those that say what it has, newest first. Of connected ones the newest of each kind, as an edge may hear late that an
   * older one is dead; of services by which a client asks for each name by itself, all. While none is connected the last
   * of each kind.
   */
  readonly counted: readonly StreamRow[];
}

/** Types of which a client has one stream of a per-type service; of others one for each name (rule 41). */
const wholeTypes: ReadonlySet<number> = new Set([typeNumbers.cluster, typeNumbers.listener]);

/** All proxies, by node and node group. */
export function prepareProxyStreams(database: SqliteDatabase): (nodeGroup?: string) => ProxyStreams[] {
  const list = database.prepare<[object], StreamRow>(
    `SELECT * FROM delivery.streams WHERE @nodeGroup IS NULL OR node_group = @nodeGroup
     ORDER BY node_id, node_group, CASE WHEN disconnected_ms IS NULL THEN 0 ELSE 1 END, connected_ms DESC, stream_id DESC`,
  );
  return (nodeGroup) => {
    const found = new Map<string, StreamRow[]>();
    for (const row of list.iterate({ nodeGroup: nodeGroup ?? null })) {
      const key = `${row.node_id}\n${row.node_group}`;
      const rows = found.get(key) ?? [];
      found.set(key, rows);
      if (isCounted(row, rows)) rows.push(row);
    }
    return [...found.values()].map((counted) => {
      const newest = counted[0]!;
      const { node_id: nodeId, node_group: group, disconnected_ms: endedMs } = newest;
      return { nodeId, nodeGroup: group, connected: endedMs === null, newest, counted };
    });
  };
}

/** @param before rows of the same proxy that count, connected ones first, then newest first */
function isCounted(row: StreamRow, before: readonly StreamRow[]): boolean {
  const [newest] = before;
  if (newest === undefined) return true;
  const isConnected = row.disconnected_ms === null;
  if (newest.disconnected_ms === null && !isConnected) return false;
  const isOnly = row.type === 0 || wholeTypes.has(row.type) || !isConnected;
  return !isOnly || before.every(({ type }) => type !== row.type);
}

/** What a stream holds back, as far as it is listed. */
export function gatesOf({ gates }: StreamRow): StoredGateRow[] {
  return gates === "[]" ? [] : (JSON.parse(gates) as StoredGateRow[]);
}

/** What the store knows of one type on one stream: sent, acknowledged and rejected are three facts. */
export interface StreamTypeRow {
  readonly type: number;
  readonly sent_nonce: string | null;
  readonly sent_version: string | null;
  readonly sent_sequence: number | null;
  readonly sent_ms: number | null;
  readonly sent_resources: number | null;
  readonly sent_bytes: number | null;
  readonly acked_nonce: string | null;
  readonly acked_version: string | null;
  readonly acked_sequence: number | null;
  readonly acked_ms: number | null;
  readonly acked_digest: Buffer | null;
  readonly nacked_nonce: string | null;
  readonly nacked_version: string | null;
  readonly nacked_sequence: number | null;
  readonly nacked_ms: number | null;
  readonly nacked_code: number | null;
  readonly nacked_message: string | null;
  readonly nacked_resources: string | null;
}

/** The types of one stream, by number. */
export function prepareStreamTypes(database: SqliteDatabase): (stream: StreamRow) => StreamTypeRow[] {
  const list = database.prepare<[string, number, number], StreamTypeRow>(
    `SELECT * FROM delivery.stream_types WHERE edge_id = ? AND edge_started_ms = ? AND stream_id = ? ORDER BY type`,
  );
  return (stream) => list.all(stream.edge_id, stream.edge_started_ms, stream.stream_id);
}
