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
import { ownersJson } from "./owners-json.ts";

/**
 * Writes what one revision changed for one node group: the same fold as `applyGroupDelta` of xds-model, on rows.
 * A test compares both.
 */
export class GroupProjection {
  readonly #statements: ReturnType<typeof groupStatements>;
  readonly #writeContent: ReturnType<typeof contentWriter>;
  readonly #readContent: ReturnType<typeof contentReader>;

  constructor(database: SqliteDatabase) {
    this.#statements = groupStatements(database);
    this.#writeContent = contentWriter(database);
    this.#readContent = contentReader(database);
  }

  /** Called in log order, inside a transaction. */
  write(delta: GroupDelta, moment: DeltaMoment): void {
    const { nodeGroup: group } = delta;
    const at = moment.revision.sequence;
    if (delta.deleted) {
      for (const closeAll of this.#statements.closeGroup) closeAll.run(at, group);
      return;
    }
    if (this.#statements.openGroup.get(group) === undefined) this.#statements.insertGroup.run(group, at);
    const touched = new Map<string, PartKey>();
    for (const part of delta.changed) {
      this.#writePart(group, part, at);
      touched.set(resourceKey(part), part);
    }
    for (const key of delta.removed) {
      if (key.virtualHost !== "") {
        this.#statements.closePart.run(at, group, typeNumbers[key.type], key.resource, key.virtualHost);
        touched.set(resourceKey(key), key);
        continue;
      }
      this.#closeResource(group, key, at);
      touched.delete(resourceKey(key));
    }
    for (const key of delta.retired) this.#retire(group, key, moment);
    for (const key of touched.values()) this.#recompose(group, key, moment);
    const types = new Set([...delta.changed, ...delta.removed, ...delta.retired].map(({ type }) => type));
    for (const type of types) this.#retype(group, type, moment);
    this.#statements.expireRetiring.run(at, group, moment.timeMs - moment.retireGraceMs);
  }

  #writePart(group: string, part: ChangedPart, at: number): void {
    const digest = fromHex(part.digest);
    if (part.bytes !== undefined) this.#writeContent(digest, part.bytes);
    this.#statements.closePart.run(at, group, typeNumbers[part.type], part.resource, part.virtualHost);
    const key = [group, typeNumbers[part.type], part.resource, part.virtualHost];
    this.#statements.insertPart.run(...key, at, digest, ownersJson(part.owners));
  }

  /** The resource leaves the snapshot. Returns its row. */
  #closeResource(group: string, { type, resource }: PartKey, at: number): OpenResource | undefined {
    const key = [group, typeNumbers[type], resource] as const;
    const left = this.#statements.openResource.get(...key) as OpenResource | undefined;
    this.#statements.closeParts.run(at, ...key);
    this.#statements.closeResource.run(at, ...key);
    return left;
  }

  #retire(group: string, key: PartKey, { revision, timeMs }: DeltaMoment): void {
    const left = this.#closeResource(group, key, revision.sequence);
    if (left === undefined) return;
    const row = [group, typeNumbers[key.type], key.resource, revision.sequence];
    this.#statements.insertRetiring.run(...row, left.digest, left.version, timeMs, revision.sequence - 1);
  }

  /** Composes a resource of whose parts some changed; equal bytes keep the old version. */
  #recompose(group: string, { type, resource }: PartKey, { revision }: DeltaMoment): void {
    const at = revision.sequence;
    const key = [group, typeNumbers[type], resource] as const;
    this.#statements.closeRetiring.run(at, ...key);
    const rows = this.#statements.openParts.all(...key) as { virtual_host: string; digest: Buffer }[];
    const parts = rows.map(({ virtual_host: virtualHost, digest }) => {
      const bytes = this.#readContent(digest);
      return { type, resource, virtualHost, bytes, digest: toHex(digest), owners: [] };
    });
    const composed = composeResource(parts, revision);
    const before = this.#statements.openResource.get(...key) as OpenResource | undefined;
    if (before !== undefined && toHex(before.digest) === composed.digest) return;
    this.#statements.closeResource.run(at, ...key);
    this.#statements.insertResource.run(
      ...key,
      at,
      fromHex(composed.digest),
      composed.version,
      composed.bytes.length,
    );
  }

  #retype(group: string, type: ResourceType, { revision }: DeltaMoment): void {
    const key = [group, typeNumbers[type]] as const;
    const rows = this.#statements.openNames.all(...key) as { name: string; digest: Buffer }[];
    const named = rows.map((row) => ({ name: row.name, digest: toHex(row.digest) }));
    // SQLite orders by bytes, snapshots by code units.
    const digest = digestOfNames(named.sort(by((resource) => resource.name)));
    const before =
      (this.#statements.openType.pluck().get(...key) as Buffer | undefined) ??
      fromHex(emptyTypeSnapshot.digest);
    if (toHex(before) === digest) return;
    this.#statements.closeType.run(revision.sequence, ...key);
    const version = versionOf(revision, digest);
    this.#statements.insertType.run(...key, revision.sequence, fromHex(digest), version, rows.length);
  }
}

interface OpenResource {
  readonly digest: Buffer;
  readonly version: string;
}

function resourceKey({ type, resource }: PartKey): string {
  return `${type}\n${resource}`;
}
