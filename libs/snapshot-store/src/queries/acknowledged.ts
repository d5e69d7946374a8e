import { toHex } from "@routeledger/std";
import { emptyTypeSnapshot, typeNumbers } from "@routeledger/xds-model";
import type { SqliteDatabase } from "../open-database.ts";
import { prepareHeld } from "./held.ts";

/** What the store knows of one type at one proxy: sent, acknowledged and rejected are three facts. */
export interface ProxyTypeRow {
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

export interface ProxyOfGroup {
  readonly nodeId: string;
  readonly nodeGroup: string;
  readonly userAgent: string;
}

export interface TypeAcknowledgement {
  readonly type: number;
  /** Of the snapshot at the revision. */
  readonly wantedVersion: string;
  /** Absent: the proxy never was sent this type. */
  readonly row?: ProxyTypeRow;
  readonly acknowledged: boolean;
  /** The last thing that the proxy said of this type is that it rejects it. */
  readonly rejected: boolean;
}

/** What an Envoy asks for when its snapshot has any of it. */
const envoyTypes = new Set([
  typeNumbers.cluster,
  typeNumbers.endpoint,
  typeNumbers.listener,
  typeNumbers.route,
]);
const emptyDigest = emptyTypeSnapshot.digest;

/**
 * Says for each type whether a proxy has acknowledged a revision: what it last acknowledged is what the snapshot
 * was at that revision or at a later one. Digests decide: either what it holds has the digest of the whole type,
 * or (a proxy that subscribes to some names, or still holds retiring ones) the last response that it acknowledged
 * was made from a snapshot whose type had that digest, and no other response of that snapshot is under way.
 */
export function prepareAcknowledgement(
  database: SqliteDatabase,
): (proxy: ProxyOfGroup, sequence: number) => TypeAcknowledgement[] {
  const rowsOf = database.prepare<[string, string], ProxyTypeRow>(
    "SELECT * FROM delivery.proxy_types WHERE node_id = ? AND node_group = ? ORDER BY type",
  );
  const since = database.prepare<[object], TypeVersionRow>(
    `SELECT type, from_sequence, digest, version, resources FROM type_versions
     WHERE node_group = @nodeGroup AND until_sequence > @sequence ORDER BY type, from_sequence`,
  );
  const at = database.prepare<[object], { digest: Buffer }>(
    `SELECT digest FROM type_versions WHERE node_group = @nodeGroup AND type = @type
       AND from_sequence <= @sequence AND until_sequence > @sequence`,
  );

  const held = prepareHeld(database);
  const digestAt = (nodeGroup: string, type: number, sequence: number): string | undefined => {
    const found = at.get({ nodeGroup, type, sequence })?.digest;
    if (found !== undefined) return toHex(found);
    return held.isPublishedMissing(sequence) ? undefined : emptyDigest;
  };

  return ({ nodeId, nodeGroup, userAgent }, asked) => {
    // Of a revision that is not held only those behind it are known: what a proxy has of them counts.
    const sequence = held.next(asked)?.sequence ?? asked;
    const rows = new Map(rowsOf.all(nodeId, nodeGroup).map((row) => [row.type, row]));
    const versions = Map.groupBy(since.all({ nodeGroup, sequence }), ({ type }) => type);
    const types = [...new Set([...rows.keys(), ...versions.keys()])].sort((a, b) => a - b);
    return types.flatMap((type): TypeAcknowledgement[] => {
      const served = versions.get(type) ?? [];
      const wanted = served.find((version) => version.from_sequence <= sequence);
      const wantedVersion = wanted?.version ?? emptyTypeSnapshot.version;
      const row = rows.get(type);
      if (row === undefined) {
        const isAsked = (wanted?.resources ?? 0) > 0 && envoyTypes.has(type) && /envoy/i.test(userAgent);
        return isAsked ? [{ type, wantedVersion, acknowledged: false, rejected: false }] : [];
      }
      const good = new Set(served.map(({ digest }) => toHex(digest)));
      if (wanted === undefined) good.add(emptyDigest);
      const madeFrom = digestAt(nodeGroup, type, row.acked_sequence ?? 0);
      const isUnderWay = row.sent_nonce !== null && row.sent_nonce !== row.acked_nonce;
      const isPending = isUnderWay && row.sent_sequence === row.acked_sequence;
      const holds = row.acked_digest !== null && good.has(toHex(row.acked_digest));
      const wasGiven = row.acked_nonce !== null && !isPending && madeFrom !== undefined && good.has(madeFrom);
      const acknowledged = holds || wasGiven;
      const rejected = row.nacked_nonce !== null && row.nacked_nonce === row.sent_nonce;
      return [{ type, wantedVersion, row, acknowledged, rejected }];
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
