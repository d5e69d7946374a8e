import { assert, type JsonObject, type JsonValue, toHex } from "@routeledger/std";
import { composeResource, emptyTypeSnapshot, type ResourceType, typeOfNumber } from "@routeledger/xds-model";
import { contentReader } from "../contents.ts";
import { byUntil } from "../ledger-schema.ts";
import type { SqliteDatabase } from "../open-database.ts";
import type { Query } from "./query.ts";
import { resourceJson } from "./resource-json.ts";

/** Node groups at a revision, sorted. */
export const nodeGroupsAt: Query<{ readonly sequence: number }, string[]> = {
  prepare(database) {
    const list = database
      .prepare(
        `SELECT node_group FROM node_groups WHERE from_sequence <= @sequence AND until_sequence > @sequence
         ORDER BY node_group`,
      )
      .pluck();
    return ({ sequence }) => list.all({ sequence }) as string[];
  },
};

export interface StoredResource {
  readonly type: ResourceType;
  readonly name: string;
  readonly version: string;
  /** 64 hexadecimal digits. */
  readonly digest: string;
  /** Which objects made it, of all its parts, with revisions as text. */
  readonly owners: readonly JsonObject[];
  /** Encoded, when asked for. */
  readonly bytes?: Uint8Array;
  /** Canonical proto3 JSON, when asked for. */
  readonly json?: JsonObject;
}

export interface StoredRetiring extends StoredResource {
  readonly retiredAtMs: number;
}

export interface StoredXds {
  readonly nodeGroup: string;
  /** TypeVersion by type; types that never held anything have that of nothing. */
  readonly versions: readonly {
    readonly type: ResourceType;
    readonly version: string;
    readonly resources: number;
  }[];
  readonly resources: readonly StoredResource[];
  readonly retiring: readonly StoredRetiring[];
}

export interface XdsAtArgs {
  readonly nodeGroup: string;
  readonly sequence: number;
  readonly as: "names" | "json" | "bytes";
}

/** The snapshot of a node group at a revision, by type and name; undefined where there is no such node group. */
export const xdsAt: Query<XdsAtArgs, StoredXds | undefined> = {
  prepare(database) {
    const find = prepareResource(database);
    const exists = database.prepare<[object]>(
      `SELECT 1 FROM node_groups
       WHERE node_group = @nodeGroup AND from_sequence <= @sequence AND until_sequence > @sequence`,
    );
    const at = "node_group = @nodeGroup AND from_sequence <= @sequence AND until_sequence > @sequence";
    const types = database.prepare<[object], TypeRow>(
      `SELECT type, version, resources FROM type_versions WHERE ${at} ORDER BY type`,
    );
    const names = database.prepare<[object], NameRow>(
      `SELECT type, name, version, digest FROM ${byUntil("resources")} WHERE ${at} ORDER BY type, name`,
    );
    const retiring = database.prepare<[object], RetiringRow>(
      `SELECT type, name, version, digest, parts_at, retired_at_ms FROM retiring WHERE ${at}
       ORDER BY type, name`,
    );
    return ({ nodeGroup, sequence, as }) => {
      const moment = { nodeGroup, sequence };
      if (exists.get(moment) === undefined) return undefined;
      const versions = types.all(moment).map(({ type, version, resources }) => ({
        type: resourceType(type),
        version,
        resources,
      }));
      const whole = (row: NameRow, atSequence: number): StoredResource => ({
        type: resourceType(row.type),
        name: row.name,
        version: row.version,
        digest: toHex(row.digest),
        ...find({ nodeGroup, type: row.type, name: row.name, sequence: atSequence }, as),
      });
      return {
        nodeGroup,
        versions,
        resources: names.all(moment).map((row) => whole(row, sequence)),
        retiring: retiring.all(moment).map((row) => ({
          ...whole(row, row.parts_at),
          retiredAtMs: row.retired_at_ms,
        })),
      };
    };
  },
};

export interface ResourceKey {
  readonly nodeGroup: string;
  readonly type: number;
  readonly name: string;
  readonly sequence: number;
}

/** Composes what a resource was at a revision, from its parts. */
export function prepareResource(
  database: SqliteDatabase,
): (
  key: ResourceKey,
  as: XdsAtArgs["as"],
) => { owners: JsonObject[]; bytes?: Uint8Array; json?: JsonObject } {
  const readContent = contentReader(database);
  const parts = database.prepare<[object], PartRow>(
    `SELECT virtual_host, digest, owners FROM parts
     WHERE node_group = @nodeGroup AND type = @type AND resource = @name
       AND from_sequence <= @sequence AND until_sequence > @sequence ORDER BY virtual_host`,
  );
  return (key, as) => {
    const rows = parts.all(key);
    const owners = distinctOwners(rows);
    if (as === "names" || rows.length === 0) return { owners };
    const type = resourceType(key.type);
    const composed = composeResource(
      rows.map(({ virtual_host: virtualHost, digest }) => {
        const bytes = readContent(digest);
        return { type, resource: key.name, virtualHost, bytes, digest: toHex(digest), owners: [] };
      }),
      emptyTypeSnapshot.changedAt,
    );
    return as === "bytes"
      ? { owners, bytes: composed.bytes }
      : { owners, json: resourceJson(type, composed.bytes) };
  };
}

function distinctOwners(rows: readonly PartRow[]): JsonObject[] {
  const all = new Map<string, JsonObject>();
  for (const { owners } of rows) {
    for (const owner of JSON.parse(owners) as JsonValue[])
      all.set(JSON.stringify(owner), owner as JsonObject);
  }
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, owner]) => owner);
}

/** The name of a stored type. */
export function resourceType(type: number): ResourceType {
  const name = typeOfNumber(type);
  assert(name !== undefined, `a resource type in the store, got ${type}`);
  return name;
}

interface TypeRow {
  readonly type: number;
  readonly version: string;
  readonly resources: number;
}

interface NameRow {
  readonly type: number;
  readonly name: string;
  readonly version: string;
  readonly digest: Buffer;
}

interface RetiringRow extends NameRow {
  readonly parts_at: number;
  readonly retired_at_ms: number;
}

interface PartRow {
  readonly virtual_host: string;
  readonly digest: Buffer;
  readonly owners: string;
}
