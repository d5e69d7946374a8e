import { type ResourceType, typeNames, typeOfNumber } from "@routeledger/xds-model";
import { type GateReasonName, gateReasonName } from "../gate-reason.ts";
import type { SqliteDatabase } from "../open-database.ts";
import {
  type ProxyAcknowledgement,
  prepareAcknowledgement,
  type TypeAcknowledgement,
} from "./acknowledged.ts";
import { type Maker, prepareMakers } from "./makers.ts";
import {
  gatesOf,
  type ProxyStreams,
  prepareProxyStreams,
  type StreamRow,
  type StreamTypeRow,
} from "./proxy-streams.ts";
import { publishedTo } from "./published-to.ts";
import type { NoArgs, Query } from "./query.ts";
import type { RejectedRow } from "./rejected-resources.ts";
import { resourceType } from "./xds.ts";

/** One proxy of one node group, by those of its streams that count. */
export interface StoredProxy {
  readonly node: string;
  readonly nodeGroup: string;
  /** Of the newest stream, as are reason, protocol, peer, user agent and identity. */
  readonly edge: string;
  /** Any of its streams is. */
  readonly connected: boolean;
  /** Of the first connect of those streams, or the last disconnect, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Why it is not connected. */
  readonly reason: string;
  readonly protocol: string;
  readonly peer: string;
  readonly userAgent: string;
  /** Who its certificate says that it is; empty: it showed none. */
  readonly identity: string;
  /** The types that it asked for or should have, against the newest revision that is published. */
  readonly types: readonly StoredProxyType[];
  /** Newest first. */
  readonly streams: readonly StoredStream[];
  /** What its streams hold back, as far as it is listed; by reason, type and name. */
  readonly gates: readonly StoredGate[];
  /** How many there are. */
  readonly gatesTotal: number;
  /** What it rejected and should have still, by type and name. */
  readonly rejections: readonly StoredRejection[];
}

export interface StoredStream {
  readonly edge: string;
  /** Of that edge since its start. */
  readonly stream: number;
  /** Of a per-type service; absent: it carries all types. */
  readonly type?: ResourceType;
  readonly protocol: string;
  readonly peer: string;
  readonly identity: string;
  readonly connectedMs: number;
  readonly disconnectedMs?: number;
}

/** Something that is held back, and what for (rules 48, 49, 73). */
export interface StoredGate extends NamedResource {
  readonly reason: GateReasonName;
  readonly waitsFor: readonly NamedResource[];
  readonly sinceMs: number;
  /** When it opens whatever happens; absent: not before what it waits for. */
  readonly untilMs?: number;
}

export interface NamedResource {
  readonly type: ResourceType;
  /** What people call it: `CDS`. */
  readonly typeName: string;
  readonly name: string;
}

export interface StoredRejection extends NamedResource {
  /** It was this one; else it is one of several, and nobody can tell which. */
  readonly isCulprit: boolean;
  readonly version: string;
  readonly timeMs: number;
  readonly code: number;
  /** The proxy's own words. */
  readonly message: string;
  readonly makers: readonly Maker[];
}

export interface StoredProxyType {
  readonly type: ResourceType;
  /** What people call it: `CDS`. */
  readonly typeName: string;
  readonly wanted: string;
  readonly sent?: Fact & {
    readonly resources: number;
    readonly bytes: number;
    /** The proxy acknowledged or rejected it, as far as its last stream said. */
    readonly answered: boolean;
  };
  readonly acked?: Fact;
  /** The newest rejection that counts: of a resource, or of the last response. */
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
    const streams = prepareProxyStreams(database);
    const rejectionsOf = prepareStoredRejections(database);
    // Both are lower bounds: an edge that ended before its next record shows no gap.
    const lost = database
      .prepare(
        `SELECT max((SELECT coalesce(sum(lost), 0) FROM delivery.edges),
           (SELECT coalesce(sum(until_sequence - from_sequence), 0) FROM delivery.missing))`,
      )
      .pluck();
    return () => {
      const sequence = publishedTo(database);
      const toRejection = rejectionsOf();
      const found = streams().map((proxy) => {
        const { types, rejections } = acknowledgement(proxy, sequence);
        const stored = rejections.map((row) => toRejection(proxy.nodeGroup, row));
        return storedProxy(proxy, { types, rejections }, stored);
      });
      return { proxies: found, lost: lost.get() as number };
    };
  },
};

/** Many proxies reject the same: its makers are found once an answer. */
export function prepareStoredRejections(
  database: SqliteDatabase,
): () => (nodeGroup: string, row: RejectedRow) => StoredRejection {
  const makersOf = prepareMakers(database);
  return () => {
    const known = new Map<string, readonly Maker[]>();
    return (nodeGroup, row) => {
      const { type, name, digest, held_digest: held, held_sequence: sequence } = row;
      const key = JSON.stringify([
        nodeGroup,
        type,
        name,
        digest.toString("hex"),
        held?.toString("hex"),
        sequence,
      ]);
      const makers = known.get(key) ?? makersOf(nodeGroup, row);
      known.set(key, makers);
      return {
        ...named(row),
        ...{ isCulprit: row.culprit === 1, version: row.version, timeMs: row.time_ms },
        ...{ code: row.code, message: row.message, makers },
      };
    };
  };
}

function storedProxy(
  { nodeId, nodeGroup, connected, newest, counted }: ProxyStreams,
  { types, rejections }: ProxyAcknowledgement,
  stored: readonly StoredRejection[],
): StoredProxy {
  const first = Math.min(...counted.map(({ connected_ms: at }) => at));
  return {
    node: nodeId,
    nodeGroup,
    edge: newest.edge_id,
    connected,
    sinceMs: newest.disconnected_ms ?? first,
    reason: newest.reason,
    protocol: newest.protocol,
    peer: newest.peer,
    userAgent: newest.user_agent,
    identity: newest.identity,
    types: types.map((type) => storedType(type, rejections)),
    streams: counted.map(storedStream),
    gates: counted.flatMap(storedGates),
    gatesTotal: counted.reduce((sum, { gates_total: total }) => sum + total, 0),
    rejections: stored,
  };
}

function storedStream(row: StreamRow): StoredStream {
  return {
    ...{ edge: row.edge_id, stream: row.stream_id, protocol: row.protocol, peer: row.peer },
    ...(row.type !== 0 && { type: resourceType(row.type) }),
    ...{ identity: row.identity, connectedMs: row.connected_ms },
    ...(row.disconnected_ms !== null && { disconnectedMs: row.disconnected_ms }),
  };
}

/** A reason or type of a later version is left out: it cannot be named. */
function storedGates(stream: StreamRow): StoredGate[] {
  return gatesOf(stream).flatMap(({ reason, waitsFor, sinceMs, untilMs, ...key }): StoredGate[] => {
    const reasonName = gateReasonName(reason);
    if (reasonName === undefined || typeOfNumber(key.type) === undefined) return [];
    const keys = waitsFor.filter(({ type }) => typeOfNumber(type) !== undefined).map(named);
    return [{ reason: reasonName, ...named(key), waitsFor: keys, sinceMs, ...(untilMs > 0 && { untilMs }) }];
  });
}

function named({ type, name }: { readonly type: number; readonly name: string }): NamedResource {
  const known = resourceType(type);
  return { type: known, typeName: typeNames[known], name };
}

function storedType(
  acknowledgement: TypeAcknowledgement,
  rejections: readonly RejectedRow[],
): StoredProxyType {
  const { type, wantedVersion, row, acknowledged } = acknowledgement;
  const name = resourceType(type);
  const sent = fact(row?.sent_version, row?.sent_ms);
  const acked = fact(row?.acked_version, row?.acked_ms);
  const own = rejections.filter((rejection) => rejection.type === type);
  const rejected = rejectedOf(acknowledgement, own);
  return {
    type: name,
    typeName: typeNames[name],
    wanted: wantedVersion,
    ...(sent && row && { sent: { ...sent, ...sentDetail(row) } }),
    ...(acked && { acked }),
    ...(rejected && { rejected }),
    current: acknowledged && own.length === 0,
  };
}

function sentDetail(row: StreamTypeRow): { resources: number; bytes: number; answered: boolean } {
  const answered = row.sent_nonce === row.acked_nonce || row.sent_nonce === row.nacked_nonce;
  return { resources: row.sent_resources ?? 0, bytes: row.sent_bytes ?? 0, answered };
}

function rejectedOf(
  { row, rejected }: TypeAcknowledgement,
  own: readonly RejectedRow[],
): StoredProxyType["rejected"] {
  const [newest] = own.toSorted((a, b) => b.time_ms - a.time_ms);
  if (newest !== undefined) {
    const { version, time_ms: timeMs, code, message } = newest;
    const resources = own.filter((one) => one.version === version).map(({ name }) => name);
    return { version, timeMs, code, message, resources };
  }
  const nacked = rejected ? fact(row?.nacked_version, row?.nacked_ms) : undefined;
  if (nacked === undefined) return undefined;
  const resources = JSON.parse(row?.nacked_resources ?? "[]") as string[];
  return { ...nacked, code: row?.nacked_code ?? 0, message: row?.nacked_message ?? "", resources };
}

function fact(version: string | null | undefined, timeMs: number | null | undefined): Fact | undefined {
  return typeof version === "string" && typeof timeMs === "number" ? { version, timeMs } : undefined;
}
