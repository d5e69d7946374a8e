import { by, fromHex, toHex } from "@routeledger/std";
import {
  type ChangedPart,
  composeResource,
  type DeltaMoment,
  digestOfNames,
  emptyTypeSnapshot,
  type GroupDelta,
  type PartKey,
  type ResourceType,
  typeNumbers,
  versionOf,
} from "@routeledger/xds-model";
import { contentReader, contentWriter } from "./contents.ts";
import { groupStatements } from "./group-statements.ts";
import type { SqliteDatabase } from "./open-database.ts";
import { ownersJson } from "./xds-projection.ts";

/**
 * Writes what one revision changed for one node group: the same fold as `applyGroupDelta` of xds-model, on rows.
 * A test compares both.
 */
export function groupProjection(database: SqliteDatabase): (delta: GroupDelta, moment: DeltaMoment) => void {
  const statements = groupStatements(database);
  const writeContent = contentWriter(database);
  const readContent = contentReader(database);

  function writePart(group: string, part: ChangedPart, at: number): void {
    const digest = fromHex(part.digest);
    if (part.bytes !== undefined) writeContent(digest, part.bytes);
    statements.closePart.run(at, group, typeNumbers[part.type], part.resource, part.virtualHost);
    const key = [group, typeNumbers[part.type], part.resource, part.virtualHost];
    statements.insertPart.run(...key, at, digest, ownersJson(part.owners));
  }

  /** The resource leaves the snapshot. Returns its row. */
  function closeResource(group: string, { type, resource }: PartKey, at: number): OpenResource | undefined {
    const key = [group, typeNumbers[type], resource] as const;
    const left = statements.openResource.get(...key) as OpenResource | undefined;
    statements.closeParts.run(at, ...key);
    statements.closeResource.run(at, ...key);
    return left;
  }

  function retire(group: string, key: PartKey, { revision, timeMs }: DeltaMoment): void {
    const left = closeResource(group, key, revision.sequence);
    if (left === undefined) return;
    const row = [group, typeNumbers[key.type], key.resource, revision.sequence];
    statements.insertRetiring.run(...row, left.digest, left.version, timeMs);
  }

  /** Composes a resource of whose parts some changed; equal bytes keep the old version. */
  function recompose(group: string, { type, resource }: PartKey, { revision }: DeltaMoment): void {
    const at = revision.sequence;
    const key = [group, typeNumbers[type], resource] as const;
    statements.closeRetiring.run(at, ...key);
    const rows = statements.openParts.all(...key) as { virtual_host: string; digest: Buffer }[];
    const parts = rows.map(({ virtual_host: virtualHost, digest }) => {
      const bytes = readContent(digest);
      return { type, resource, virtualHost, bytes, digest: toHex(digest), owners: [] };
    });
    const composed = composeResource(parts, revision);
    const before = statements.openResource.get(...key) as OpenResource | undefined;
    if (before !== undefined && toHex(before.digest) === composed.digest) return;
    statements.closeResource.run(at, ...key);
    statements.insertResource.run(
      ...key,
      at,
      fromHex(composed.digest),
      composed.version,
      composed.bytes.length,
    );
  }

  function retype(group: string, type: ResourceType, { revision }: DeltaMoment): void {
    const key = [group, typeNumbers[type]] as const;
    const rows = statements.openNames.all(...key) as { name: string; digest: Buffer }[];
    const named = rows.map((row) => ({ name: row.name, digest: toHex(row.digest) }));
    // SQLite orders by bytes, snapshots by code units.
    const digest = digestOfNames(named.sort(by((resource) => resource.name)));
    const before =
      (statements.openType.pluck().get(...key) as Buffer | undefined) ?? fromHex(emptyTypeSnapshot.digest);
    if (toHex(before) === digest) return;
    statements.closeType.run(revision.sequence, ...key);
    const version = versionOf(revision, digest);
    statements.insertType.run(...key, revision.sequence, fromHex(digest), version, rows.length);
  }

  return (delta, moment) => {
    const { nodeGroup: group } = delta;
    const at = moment.revision.sequence;
    if (delta.deleted) {
      for (const closeAll of statements.closeGroup) closeAll.run(at, group);
      return;
    }
    if (statements.openGroup.get(group) === undefined) statements.insertGroup.run(group, at);
    const touched = new Map<string, PartKey>();
    for (const part of delta.changed) {
      writePart(group, part, at);
      touched.set(resourceKey(part), part);
    }
    for (const key of delta.removed) {
      if (key.virtualHost !== "") {
        statements.closePart.run(at, group, typeNumbers[key.type], key.resource, key.virtualHost);
        touched.set(resourceKey(key), key);
        continue;
      }
      closeResource(group, key, at);
      touched.delete(resourceKey(key));
    }
    for (const key of delta.retired) retire(group, key, moment);
    for (const key of touched.values()) recompose(group, key, moment);
    const types = new Set([...delta.changed, ...delta.removed, ...delta.retired].map(({ type }) => type));
    for (const type of types) retype(group, type, moment);
    statements.expireRetiring.run(at, group, moment.timeMs - moment.retireGraceMs);
  };
}

interface OpenResource {
  readonly digest: Buffer;
  readonly version: string;
}

function resourceKey({ type, resource }: PartKey): string {
  return `${type}\n${resource}`;
}
