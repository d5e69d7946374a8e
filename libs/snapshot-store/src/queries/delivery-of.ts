import { typeNames } from "@routeledger/xds-model";
import type { SqliteDatabase } from "../open-database.ts";
import { type ProxyAcknowledgement, prepareAcknowledgement } from "./acknowledged.ts";
import { prepareStoredRejections, type StoredRejection } from "./proxies.ts";
import { prepareProxyStreams } from "./proxy-streams.ts";
import { publishedTo } from "./published-to.ts";
import type { Query } from "./query.ts";
import type { RejectedRow } from "./rejected-resources.ts";
import { resourceType } from "./xds.ts";

export interface RevisionDelivery {
  /** What the revision became is published, and the store has it. */
  readonly published: boolean;
  /** Proxies that are connected, by node. */
  readonly proxies: readonly ProxyDelivery[];
}

export interface ProxyDelivery {
  readonly node: string;
  readonly nodeGroup: string;
  /** It has all of the revision, but for what it rejected. */
  readonly acknowledged: boolean;
  /** Of the newest acknowledgement of any type, milliseconds since 1970; 0: none. */
  readonly ackedMs: number;
  /** What of this revision it rejected, by type and resource, where the resource is known. */
  readonly rejected: readonly {
    readonly type: string;
    readonly resource?: string;
    readonly message: string;
  }[];
  /** What it rejected and should have still, whatever the revision, and who made that. */
  readonly rejections: readonly StoredRejection[];
}

export interface DeliveryOfArgs {
  readonly sequence: number;
  readonly nodeGroup?: string;
}

/** Which connected proxies have acknowledged a revision. */
export const deliveryOf: Query<DeliveryOfArgs, RevisionDelivery> = {
  prepare(database) {
    const acknowledgement = prepareAcknowledgement(database);
    const streams = prepareProxyStreams(database);
    const rejectionsOf = prepareStoredRejections(database);
    const isWrittenAt = prepareWrittenAt(database);
    // What a revision neither changed nor wrote again it does not answer for: what was bad before holds nobody up.
    const changed = database
      .prepare(
        `SELECT 1 FROM resources WHERE node_group = @nodeGroup AND type = @type AND name = @name
           AND from_sequence = @sequence AND digest = @digest`,
      )
      .pluck();
    return ({ sequence, nodeGroup }) => {
      const published = publishedTo(database) >= sequence;
      const toRejection = rejectionsOf();
      const connected = streams(nodeGroup).filter((proxy) => proxy.connected);
      const found = connected.map((proxy): ProxyDelivery => {
        const { types, rejections } = acknowledgement(proxy, sequence);
        const all = rejections.map((row) => ({ row, stored: toRejection(proxy.nodeGroup, row) }));
        const own = all.filter(({ row: { type, name, digest }, stored }) => {
          const key = { nodeGroup: proxy.nodeGroup, type, name, digest, sequence };
          return changed.get(key) !== undefined || isWrittenAt(stored, sequence);
        });
        return {
          node: proxy.nodeId,
          nodeGroup: proxy.nodeGroup,
          acknowledged: published && types.length > 0 && types.every((type) => type.acknowledged),
          ackedMs: Math.max(0, ...types.map(({ row }) => row?.acked_ms ?? 0)),
          rejected: rejectedOf(
            types,
            own.map(({ row }) => row),
          ),
          rejections: all.map(({ stored }) => stored),
        };
      });
      return { published, proxies: found };
    };
  },
};

/**
 * Who is at fault was written again by a revision, and made the same bytes. The recorded makers do not tell: their
 * revisions are those that made the bytes first.
 */
function prepareWrittenAt(
  database: SqliteDatabase,
): (rejection: StoredRejection, sequence: number) => boolean {
  const written = database
    .prepare(
      `SELECT 1 FROM objects WHERE api_group = @group AND kind = @kind AND namespace = @namespace AND name = @name
         AND from_sequence = @sequence`,
    )
    .pluck();
  return ({ makers }, sequence) =>
    makers.some(
      ({ changed, group, kind, namespace, name }) =>
        changed && written.get({ group, kind, namespace, name, sequence }) !== undefined,
    );
}

/** Of a type of which no rejected resource is known, the last response. */
function rejectedOf(
  types: ProxyAcknowledgement["types"],
  own: readonly RejectedRow[],
): ProxyDelivery["rejected"] {
  const named = own.map(({ type, name, message }) => ({
    type: typeNames[resourceType(type)],
    resource: name,
    message,
  }));
  const whole = types
    .filter((type) => type.rejected && !type.acknowledged && own.every((one) => one.type !== type.type))
    .map(({ type, row }) => ({ type: typeNames[resourceType(type)], message: row?.nacked_message ?? "" }));
  return [...named, ...whole];
}
