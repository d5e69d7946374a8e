import { type ResourceType, typeNames } from "@routeledger/xds-model";
import type { SqliteDatabase } from "../open-database.ts";
import { prepareAcknowledgement, type TypeAcknowledgement } from "./acknowledged.ts";
import { publishedTo } from "./published-to.ts";
import type { NoArgs, Query } from "./query.ts";
import { resourceType } from "./xds.ts";

/** One proxy of one node group, by its newest stream. */
export interface StoredProxy {
  readonly node: string;
  readonly nodeGroup: string;
  readonly edge: string;
  readonly connected: boolean;
  /** Of the last connect or disconnect, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Why it is not connected. */
  readonly reason: string;
  readonly protocol: string;
  readonly peer: string;
  readonly userAgent: string;
  /** The types that it asked for or should have, against the newest revision that is published. */
  readonly types: readonly StoredProxyType[];
}

export interface StoredProxyType {
  readonly type: ResourceType;
  /** What people call it: `CDS`. */
  readonly typeName: string;
  readonly wanted: string;
  readonly sent?: Fact & { readonly resources: number; readonly bytes: number };
  readonly acked?: Fact;
  readonly rejected?: Fact & {
    readonly code: number;
    readonly message: string;
    readonly resources: readonly string[];
  };
  /** What it holds is what it should hold, by digests. */
  readonly current: boolean;
}

export interface Fact {
  readonly version: string;
  readonly timeMs: number;
}

export interface StoredProxies {
  readonly proxies: readonly StoredProxy[];
  /** Records that are known to be missing, at least so many: then what is said of proxies may be old. */
  readonly lost: number;
}

/** All proxies that were seen, by node and node group. */
export const proxies: Query<NoArgs, StoredProxies> = {
  prepare(database) {
    const acknowledgement = prepareAcknowledgement(database);
    const streams = prepareStreams(database);
    // Both are lower bounds: an edge that ended before its next record shows no gap.
    const lost = database
      .prepare(
        `SELECT max((SELECT coalesce(sum(lost), 0) FROM delivery.edges),
           (SELECT coalesce(sum(until_sequence - from_sequence), 0) FROM delivery.missing))`,
      )
      .pluck();
    return () => {
      const sequence = publishedTo(database);
      const found = streams().map((stream) => {
        const { node_id: nodeId, node_group: nodeGroup, user_agent: userAgent } = stream;
        const types = acknowledgement({ nodeId, nodeGroup, userAgent }, sequence);
        return storedProxy(stream, types.map(storedType));
      });
      return { proxies: found, lost: lost.get() as number };
    };
  },
};

export interface RevisionDelivery {
  /** What the revision became is published, and the store has it. */
  readonly published: boolean;
  /** Proxies that are connected, by node. */
  readonly proxies: readonly ProxyDelivery[];
}

export interface ProxyDelivery {
  readonly node: string;
  readonly nodeGroup: string;
  readonly acknowledged: boolean;
  /** Of the newest acknowledgement of any type, milliseconds since 1970; 0: none. */
  readonly ackedMs: number;
  readonly rejected: readonly { readonly type: string; readonly message: string }[];
}

export interface DeliveryOfArgs {
  readonly sequence: number;
  readonly nodeGroup?: string;
}

/** Which connected proxies have acknowledged a revision. */
export const deliveryOf: Query<DeliveryOfArgs, RevisionDelivery> = {
  prepare(database) {
    const acknowledgement = prepareAcknowledgement(database);
    const streams = prepareStreams(database);
    return ({ sequence, nodeGroup }) => {
      const published = publishedTo(database) >= sequence;
      const connected = streams().filter(
        (stream) => stream.disconnected_ms === null && (nodeGroup ?? stream.node_group) === stream.node_group,
      );
      const found = connected.map((stream): ProxyDelivery => {
        const { node_id: nodeId, node_group: group, user_agent: userAgent } = stream;
        const types = acknowledgement({ nodeId, nodeGroup: group, userAgent }, sequence);
        const rejected = types.filter((type) => type.rejected && !type.acknowledged);
        return {
          node: nodeId,
          nodeGroup: group,
          acknowledged: published && types.length > 0 && types.every((type) => type.acknowledged),
          ackedMs: Math.max(0, ...types.map(({ row }) => row?.acked_ms ?? 0)),
          rejected: rejected.map(({ type, row }) => ({
            type: typeNames[resourceType(type)],
            message: row?.nacked_message ?? "",
          })),
        };
      });
      return { published, proxies: found };
    };
  },
};

export interface HistoryEntry {
  readonly timeMs: number;
  readonly edge: string;
  readonly what: string;
  readonly type?: ResourceType;
  readonly version?: string;
  /** CONFIG sequence of the snapshot that it was about. */
  readonly sequence?: number;
  readonly detail: string;
}

/** What happened with a proxy, newest first. */
export const proxyHistory: Query<{ readonly node: string; readonly limit: number }, HistoryEntry[]> = {
  prepare(database) {
    const list = database.prepare<[string, number], HistoryRow>(
      "SELECT * FROM delivery.history WHERE node_id = ? ORDER BY id DESC LIMIT ?",
    );
    return ({ node, limit }) =>
      list
        .all(node, limit)
        .map(({ time_ms: timeMs, edge_id: edge, what, type, version, sequence, detail }) => ({
          timeMs,
          edge,
          what,
          ...(type !== null && { type: resourceType(type) }),
          ...(version !== null && { version }),
          ...(sequence !== null && { sequence }),
          detail,
        }));
  },
};

/** The newest stream of each node and node group, connected ones first. */
function prepareStreams(database: SqliteDatabase): () => StreamRow[] {
  const list = database.prepare<[], StreamRow>(
    `SELECT * FROM delivery.streams ORDER BY node_id, node_group,
       CASE WHEN disconnected_ms IS NULL THEN 0 ELSE 1 END, connected_ms DESC, stream_id DESC`,
  );
  return () => {
    const newest = new Map<string, StreamRow>();
    for (const row of list.iterate()) {
      const key = `${row.node_id}\n${row.node_group}`;
      if (!newest.has(key)) newest.set(key, row);
    }
    return [...newest.values()];
  };
}

function storedProxy(row: StreamRow, types: readonly StoredProxyType[]): StoredProxy {
  return {
    node: row.node_id,
    nodeGroup: row.node_group,
    edge: row.edge_id,
    connected: row.disconnected_ms === null,
    sinceMs: row.disconnected_ms ?? row.connected_ms,
    reason: row.reason,
    protocol: row.protocol,
    peer: row.peer,
    userAgent: row.user_agent,
    types,
  };
}

function storedType({
  type,
  wantedVersion,
  row,
  acknowledged,
  rejected,
}: TypeAcknowledgement): StoredProxyType {
  const name = resourceType(type);
  const sent = fact(row?.sent_version, row?.sent_ms);
  const acked = fact(row?.acked_version, row?.acked_ms);
  const nacked = rejected ? fact(row?.nacked_version, row?.nacked_ms) : undefined;
  return {
    type: name,
    typeName: typeNames[name],
    wanted: wantedVersion,
    ...(sent && { sent: { ...sent, resources: row?.sent_resources ?? 0, bytes: row?.sent_bytes ?? 0 } }),
    ...(acked && { acked }),
    ...(nacked && {
      rejected: {
        ...nacked,
        code: row?.nacked_code ?? 0,
        message: row?.nacked_message ?? "",
        resources: JSON.parse(row?.nacked_resources ?? "[]") as string[],
      },
    }),
    current: acknowledged,
  };
}

function fact(version: string | null | undefined, timeMs: number | null | undefined): Fact | undefined {
  return typeof version === "string" && typeof timeMs === "number" ? { version, timeMs } : undefined;
}

interface StreamRow {
  readonly edge_id: string;
  readonly stream_id: number;
  readonly node_id: string;
  readonly node_group: string;
  readonly protocol: string;
  readonly peer: string;
  readonly user_agent: string;
  readonly connected_ms: number;
  readonly disconnected_ms: number | null;
  readonly reason: string;
}

interface HistoryRow {
  readonly time_ms: number;
  readonly edge_id: string;
  readonly what: string;
  readonly type: number | null;
  readonly version: string | null;
  readonly sequence: number | null;
  readonly detail: string;
}
