import { fromHex, toHex } from "@routeledger/std";
import {
  allResources,
  type Part,
  type Resource,
  type ResourceType,
  type RetiringResource,
  resourceTypes,
  type Snapshot,
  typeNumbers,
} from "@routeledger/xds-model";
import { contentWriter } from "./contents.ts";
import { groupStatements } from "./group-statements.ts";
import type { SqliteDatabase } from "./open-database.ts";
import { ownersJson } from "./owners-json.ts";

/** The CONFIG sequences at which rows end that a checkpoint does not have, and at which it is. */
export interface BeginningAt {
  readonly closeAt: number;
  readonly at: number;
}

/**
 * Makes the open rows of a node group those of a snapshot that was read from a checkpoint: what is the same goes on,
 * what differs ends, what is new begins: resources and types where their bytes last changed, so that versions,
 * acknowledgements and times agree with a store that saw all; the rest at the checkpoint.
 */
export class GroupBeginning {
  readonly #statements: ReturnType<typeof groupStatements>;
  readonly #writeContent: ReturnType<typeof contentWriter>;

  constructor(database: SqliteDatabase) {
    this.#statements = groupStatements(database);
    this.#writeContent = contentWriter(database);
  }

  /** Node groups that the store has now. */
  openGroups(): string[] {
    return this.#statements.openGroups.pluck().all() as string[];
  }

  /** Called inside a transaction. */
  close(group: string, { closeAt }: BeginningAt): void {
    for (const closeAll of this.#statements.closeGroup) closeAll.run(closeAt, group);
  }

  /** Called inside a transaction. */
  put(snapshot: Snapshot, when: BeginningAt): void {
    const { nodeGroup: group } = snapshot;
    const resources = allResources(snapshot);
    if (this.#statements.openGroup.get(group) === undefined) this.#statements.insertGroup.run(group, when.at);
    this.#putParts(group, resources, when);
    this.#putResources(group, resources, when);
    this.#putRetiring(group, snapshot.retiring, when);
    this.#putTypes(snapshot, when);
  }

  #putParts(group: string, resources: readonly Resource[], { closeAt, at }: BeginningAt): void {
    const all = resources.flatMap(({ parts }) => parts);
    const wanted = new Map<string, Part>(all.map((part) => [partKey(part), part]));
    for (const row of this.#statements.allOpen.parts.all(group) as OpenPart[]) {
      const key = `${row.type}\n${row.resource}\n${row.virtual_host}`;
      const part = wanted.get(key);
      const isSame =
        part !== undefined && toHex(row.digest) === part.digest && ownersJson(part.owners) === row.owners;
      if (isSame) wanted.delete(key);
      else this.#statements.closePart.run(closeAt, group, row.type, row.resource, row.virtual_host);
    }
    for (const part of wanted.values()) {
      const digest = fromHex(part.digest);
      this.#writeContent(digest, part.bytes);
      const key = [group, typeNumbers[part.type], part.resource, part.virtualHost];
      this.#statements.insertPart.run(...key, at, digest, ownersJson(part.owners));
    }
  }

  #putResources(group: string, resources: readonly Resource[], { closeAt }: BeginningAt): void {
    const wanted = new Map(resources.map((resource) => [resourceKey(resource), resource]));
    for (const { type, name, version } of this.#statements.allOpen.resources.all(group) as OpenResource[]) {
      const key = `${type}\n${name}`;
      if (wanted.get(key)?.version === version) wanted.delete(key);
      else this.#statements.closeResource.run(closeAt, group, type, name);
    }
    for (const { type, name, changedAt, digest, version, bytes } of wanted.values()) {
      const key = [group, typeNumbers[type], name, changedAt.sequence];
      this.#statements.insertResource.run(...key, fromHex(digest), version, bytes.length);
    }
  }

  #putRetiring(group: string, retiring: Snapshot["retiring"], { closeAt, at }: BeginningAt): void {
    const all = resourceTypes.flatMap((type) => [...retiring[type].values()]);
    const wanted = new Map(all.map((entry) => [resourceKey(entry.resource), entry]));
    for (const row of this.#statements.allOpen.retiring.all(group) as OpenRetiring[]) {
      const key = `${row.type}\n${row.name}`;
      const entry = wanted.get(key);
      const isSame =
        entry?.resource.version === row.version &&
        entry.resource.digest === toHex(row.digest) &&
        entry.retiredAtMs === row.retired_at_ms;
      if (isSame) wanted.delete(key);
      else this.#statements.closeRetiring.run(closeAt, group, row.type, row.name);
    }
    for (const entry of wanted.values()) this.#insertRetiring(group, entry, at);
  }

  /** Its parts stand where no revision is. */
  #insertRetiring(group: string, { resource, retiredAtMs }: RetiringResource, at: number): void {
    const key = [group, typeNumbers[resource.type], resource.name];
    for (const { virtualHost, digest, bytes, owners } of resource.parts) {
      this.#writeContent(fromHex(digest), bytes);
      const part = [...key, virtualHost, -at, 1 - at, fromHex(digest), ownersJson(owners)];
      this.#statements.insertPartAside.run(...part);
    }
    const { digest, version } = resource;
    this.#statements.insertRetiring.run(...key, at, fromHex(digest), version, retiredAtMs, -at);
  }

  #putTypes({ nodeGroup: group, types }: Snapshot, { closeAt }: BeginningAt): void {
    // A type that never held anything has no row.
    const wanted = new Set<ResourceType>(resourceTypes.filter((type) => types[type].changedAt.sequence > 0));
    for (const { type, version } of this.#statements.allOpen.types.all(group) as OpenType[]) {
      const known = resourceTypes.find((name) => typeNumbers[name] === type);
      if (known !== undefined && types[known].version === version) wanted.delete(known);
      else this.#statements.closeType.run(closeAt, group, type);
    }
    for (const type of wanted) {
      const { changedAt, digest, version, resources } = types[type];
      const key = [group, typeNumbers[type], changedAt.sequence];
      this.#statements.insertType.run(...key, fromHex(digest), version, resources.size);
    }
  }
}

interface OpenPart {
  readonly type: number;
  readonly resource: string;
  readonly virtual_host: string;
  readonly digest: Buffer;
  readonly owners: string;
}

interface OpenResource {
  readonly type: number;
  readonly name: string;
  readonly version: string;
}

interface OpenRetiring extends OpenResource {
  readonly digest: Buffer;
  readonly retired_at_ms: number;
}

interface OpenType {
  readonly type: number;
  readonly version: string;
}

function partKey({ type, resource, virtualHost }: Part): string {
  return `${typeNumbers[type]}\n${resource}\n${virtualHost}`;
}

function resourceKey({ type, name }: Resource): string {
  return `${typeNumbers[type]}\n${name}`;
}
