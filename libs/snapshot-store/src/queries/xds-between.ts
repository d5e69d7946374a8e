import type { JsonObject } from "@routeledger/std";
import type { ResourceType } from "@routeledger/xds-model";
import { byUntil } from "../ledger-schema.ts";
import { prepareHeld } from "./held.ts";
import type { Span } from "./objects-between.ts";
import type { Query } from "./query.ts";
import { prepareResource, resourceType } from "./xds.ts";

export interface ResourceDifference {
  readonly nodeGroup: string;
  readonly type: ResourceType;
  readonly name: string;
  readonly change: "added" | "changed" | "removed";
  /** Versions; absent where it did not exist. */
  readonly oldVersion?: string;
  readonly newVersion?: string;
  /** Canonical proto3 JSON. */
  readonly old?: JsonObject;
  readonly new?: JsonObject;
  /** Which objects made the newer one; the older one's where it was removed. */
  readonly owners: readonly JsonObject[];
}

/**
 * Resources of all node groups whose bytes differ between two revisions, by node group, type, name. None where the
 * store does not hold one of both: what a store begins with did not change there.
 */
export const xdsBetween: Query<Span & { readonly json: boolean }, ResourceDifference[]> = {
  prepare(database) {
    const find = prepareResource(database);
    const touched = database.prepare<[object], KeyRow>(
      `SELECT node_group, type, name FROM resources WHERE from_sequence > @low AND from_sequence <= @high
       UNION
       SELECT r.node_group, r.type, r.name FROM node_groups g
       CROSS JOIN ${byUntil("resources", "r")} ON r.node_group = g.node_group WHERE r.until_sequence > @low AND r.until_sequence <= @high
       ORDER BY node_group, type, name`,
    );
    const at = database.prepare<[object], VersionRow>(
      `SELECT digest, version FROM resources WHERE node_group = @node_group AND type = @type AND name = @name
         AND from_sequence <= @sequence AND until_sequence > @sequence`,
    );
    const held = prepareHeld(database);
    return ({ a, b, json }) => {
      if (held.isPublishedMissing(a) || held.isPublishedMissing(b)) return [];
      const as = json ? "json" : "names";
      return touched
        .all({ low: Math.min(a, b), high: Math.max(a, b) })
        .flatMap((key): ResourceDifference[] => {
          const before = at.get({ ...key, sequence: a });
          const after = at.get({ ...key, sequence: b });
          if (before === undefined && after === undefined) return [];
          if (before !== undefined && after !== undefined && before.digest.equals(after.digest)) return [];
          const named = { nodeGroup: key.node_group, type: key.type, name: key.name };
          const old = before && find({ ...named, sequence: a }, as);
          const fresh = after && find({ ...named, sequence: b }, as);
          return [
            {
              ...named,
              type: resourceType(key.type),
              change: before === undefined ? "added" : after === undefined ? "removed" : "changed",
              ...(before && { oldVersion: before.version }),
              ...(after && { newVersion: after.version }),
              ...(old?.json && { old: old.json }),
              ...(fresh?.json && { new: fresh.json }),
              owners: (fresh ?? old)?.owners ?? [],
            },
          ];
        });
    };
  },
};

interface KeyRow {
  readonly node_group: string;
  readonly type: number;
  readonly name: string;
}

interface VersionRow {
  readonly digest: Buffer;
  readonly version: string;
}
