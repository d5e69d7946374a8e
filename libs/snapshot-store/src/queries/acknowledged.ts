import { toHex } from "@routeledger/std";
import { emptyTypeSnapshot, typeNumbers } from "@routeledger/xds-model";
import type { SqliteDatabase } from "../open-database.ts";
import { prepareAdditionGates } from "./addition-gates.ts";
import { prepareHeld } from "./held.ts";
import {
  type ProxyStreams,
  prepareStreamTypes,
  type StreamRow,
  type StreamTypeRow,
} from "./proxy-streams.ts";
import { prepareRejected, prepareResourceDigest, type RejectedRow } from "./rejected-resources.ts";

/** One type of one proxy, of all its streams that count. */
export interface TypeAcknowledgement {
  readonly type: number;
  /** Of the snapshot at the revision. */
  readonly wantedVersion: string;
  /** Of the stream that said something of the type last. Absent: the proxy never was sent this type. */
  readonly row?: StreamTypeRow;
  /** But for what it rejected. */
  readonly acknowledged: boolean;
  /** The last thing that the proxy said of this type is that it rejects a response. */
  readonly rejected: boolean;
}

export interface ProxyAcknowledgement {
  readonly types: readonly TypeAcknowledgement[];
  /** What it rejected and should have still, whatever the revision that was asked for. */
  readonly rejections: readonly RejectedRow[];
}

/** What an Envoy asks for when its snapshot has any of it: a listener whose certificate an edge withholds serves nobody. */
const envoyTypes = new Set([
  typeNumbers.cluster,
  typeNumbers.endpoint,
  typeNumbers.listener,
  typeNumbers.route,
  typeNumbers.secret,
]);
const emptyDigest = emptyTypeSnapshot.digest;

/**
 * Says for each type whether a proxy has acknowledged a revision: what it last acknowledged is what the snapshot
 * was at that revision or at a later one, but for the resources that it rejected, which are said by themselves. Digests
 * decide: either what it holds has the digest of the whole type, or (a proxy that subscribes to some names, or still
 * holds retiring ones, or left out what it rejected) the last response that it acknowledged was made from a snapshot
 * that differs from such a one in rejected resources at most, no other response of that snapshot is under way, and
 * nothing of it is held back.
 */
export function prepareAcknowledgement(
  database: SqliteDatabase,
): (proxy: ProxyStreams, sequence: number) => ProxyAcknowledgement {
  const typesOf = prepareStreamTypes(database);
  const rejectedOf = prepareRejected(database);
  const since = database.prepare<[object], TypeVersionRow>(
    `SELECT type, from_sequence, digest, version, resources FROM type_versions
     WHERE node_group = @nodeGroup AND until_sequence > @sequence ORDER BY type, from_sequence`,
  );
  const held = prepareHeld(database);
  const hasTaken = prepareTaken(database);

  return (proxy, asked) => {
    const { nodeId, nodeGroup, newest } = proxy;
    // Of a revision that is not held only those behind it are known: what a proxy has of them counts.
    const sequence = held.next(asked)?.sequence ?? asked;
    const rows = rowsByType(proxy, typesOf);
    const newestOf = (type: number) =>
      rows
        .get(type)
        ?.map(({ row }) => row)
        .sort(byNewest)[0];
    const ackedSequence = (type: number) => newestOf(type)?.acked_sequence ?? undefined;
    const rejections = rejectedOf({ nodeId, nodeGroup, ackedSequence });
    const versions = Map.groupBy(since.all({ nodeGroup, sequence }), ({ type }) => type);
    const types = [...new Set([...rows.keys(), ...versions.keys()])].sort((a, b) => a - b);
    const found = types.flatMap((type): TypeAcknowledgement[] => {
      const served = versions.get(type) ?? [];
      const wanted = served.find((version) => version.from_sequence <= sequence);
      const wantedVersion = wanted?.version ?? emptyTypeSnapshot.version;
      const row = newestOf(type);
      if (row === undefined) {
        const isAsked =
          (wanted?.resources ?? 0) > 0 && envoyTypes.has(type) && /envoy/i.test(newest.user_agent);
        return isAsked ? [{ type, wantedVersion, acknowledged: false, rejected: false }] : [];
      }
      const good = new Map(served.map(({ digest, from_sequence: from }) => [toHex(digest), from]));
      if (wanted === undefined) good.set(emptyDigest, sequence);
      const names = new Set(
        rejections.filter((rejection) => rejection.type === type).map(({ name }) => name),
      );
      const target = { nodeGroup, type, asked: sequence, good, rejected: names };
      const acknowledged = (rows.get(type) ?? []).every((one) => hasTaken(one, target));
      // Once it settled with what is left out, the resources are what is said, not the response.
      const isLast = row.nacked_nonce === row.sent_nonce && row.nacked_nonce !== row.acked_nonce;
      const rejected = row.nacked_nonce !== null && isLast;
      return [{ type, wantedVersion, row, acknowledged, rejected }];
    });
    return { types: found, rejections };
  };
}

interface TypeOfStream {
  readonly stream: StreamRow;
  readonly row: StreamTypeRow;
}

function rowsByType(
  { counted }: ProxyStreams,
  typesOf: (stream: StreamRow) => StreamTypeRow[],
): Map<number, TypeOfStream[]> {
  const all = counted.flatMap((stream) => typesOf(stream).map((row) => ({ stream, row })));
  return Map.groupBy(all, ({ row }) => row.type);
}

function byNewest(a: StreamTypeRow, b: StreamTypeRow): number {
  return lastMs(b) - lastMs(a);
}

function lastMs({ sent_ms: sent, acked_ms: acked, nacked_ms: nacked }: StreamTypeRow): number {
  return Math.max(sent ?? 0, acked ?? 0, nacked ?? 0);
}

interface Target {
  readonly nodeGroup: string;
  readonly type: number;
  readonly asked: number;
  /** Digests of the type at the revision and later, with the sequence from which on it had each. */
  readonly good: ReadonlyMap<string, number>;
  /** Names of the type that the proxy rejected. */
  readonly rejected: ReadonlySet<string>;
}

/** Whether one stream has taken what a type was at a revision or later, but for what the proxy rejected. */
function prepareTaken(database: SqliteDatabase): (one: TypeOfStream, target: Target) => boolean {
  const held = prepareHeld(database);
  const isHeldBack = prepareAdditionGates(database);
  const differsOnlyIn = prepareDifference(database);
  const at = database.prepare<[object], { digest: Buffer }>(
    `SELECT digest FROM type_versions WHERE node_group = @nodeGroup AND type = @type
       AND from_sequence <= @sequence AND until_sequence > @sequence`,
  );
  const digestAt = (nodeGroup: string, type: number, sequence: number): string | undefined => {
    const found = at.get({ nodeGroup, type, sequence })?.digest;
    if (found !== undefined) return toHex(found);
    return held.isPublishedMissing(sequence) ? undefined : emptyDigest;
  };

  return ({ stream, row }, { nodeGroup, type, asked, good, rejected }) => {
    if (row.acked_digest !== null && good.has(toHex(row.acked_digest))) return true;
    if (row.acked_nonce === null) return false;
    const acked = row.acked_sequence ?? 0;
    const isUnderWay = row.sent_nonce !== null && row.sent_nonce !== row.acked_nonce;
    const isRefused = row.sent_nonce !== null && row.sent_nonce === row.nacked_nonce && rejected.size > 0;
    if (isUnderWay && !isRefused && row.sent_sequence === row.acked_sequence) return false;
    if (isHeldBack(stream, { type, acked, asked })) return false;
    const madeFrom = digestAt(nodeGroup, type, acked);
    if (madeFrom === undefined) return false;
    if (good.has(madeFrom)) return true;
    if (rejected.size === 0) return false;
    const newest = Math.max(asked, ...good.values());
    return [asked, newest].some((to) => differsOnlyIn(rejected, { nodeGroup, type, from: acked, to }));
  };
}

interface Span {
  readonly nodeGroup: string;
  readonly type: number;
  readonly from: number;
  readonly to: number;
}

/** Whether a type's resources at two revisions are the same but for some names. */
function prepareDifference(database: SqliteDatabase): (names: ReadonlySet<string>, span: Span) => boolean {
  const digestAt = prepareResourceDigest(database);
  const touched = database
    .prepare(
      `SELECT DISTINCT name FROM resources WHERE node_group = @nodeGroup AND type = @type
         AND (from_sequence > @low AND from_sequence <= @high OR until_sequence > @low AND until_sequence <= @high)`,
    )
    .pluck();
  return (names, { nodeGroup, type, from, to }) => {
    const low = Math.min(from, to);
    const high = Math.max(from, to);
    const changed = (touched.all({ nodeGroup, type, low, high }) as string[]).filter(
      (name) => !names.has(name),
    );
    return changed.every((name) => {
      const [a, b] = [from, to].map((sequence) => digestAt({ nodeGroup, type, name, sequence }));
      return a === undefined || b === undefined ? a === b : a.equals(b);
    });
  };
}

interface TypeVersionRow {
  readonly type: number;
  readonly from_sequence: number;
  readonly digest: Buffer;
  readonly version: string;
  readonly resources: number;
}
