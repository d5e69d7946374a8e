import { assert, compareStrings, fromHex, type Revision, sha256Hex, utf8 } from "@routeledger/std";
import type { ChangedPart, GroupDelta } from "./group-delta.ts";
import { everyType } from "./published.ts";
import { composeResource, versionOf } from "./resource.ts";
import type { ResourceType } from "./resource-type.ts";
import { resourceTypes } from "./resource-type.ts";
import type { Part, Resource, RetiringResource, Snapshot, TypeSnapshot } from "./snapshot.ts";

export interface DeltaMoment {
  readonly revision: Revision;
  readonly timeMs: number;
  readonly retireGraceMs: number;
}

/**
 * Folds one revision's change into a node group's snapshot. Types that the delta does not name keep their
 * identity. A resource that comes back stops retiring; what retires longer than the grace is dropped.
 */
export function applyGroupDelta(snapshot: Snapshot, delta: GroupDelta, moment: DeltaMoment): Snapshot {
  const editions = new Map<ResourceType, TypeEdition>();
  const edit = (type: ResourceType): TypeEdition => {
    const open = editions.get(type) ?? openEdition(snapshot, type);
    editions.set(type, open);
    return open;
  };
  for (const part of delta.changed) edit(part.type).parts(part.resource).set(part.virtualHost, part);
  for (const { type, resource, virtualHost } of delta.removed) {
    if (virtualHost === "") edit(type).remove(resource);
    else edit(type).parts(resource).delete(virtualHost);
  }
  for (const { type, resource } of delta.retired) edit(type).retire(resource, moment.timeMs);
  const types = everyType((type) => editions.get(type)?.close(moment.revision) ?? snapshot.types[type]);
  const retiring = everyType((type) => {
    const kept = editions.get(type)?.retiring ?? snapshot.retiring[type];
    return withoutExpired(kept, moment.timeMs - moment.retireGraceMs);
  });
  return { ...snapshot, revision: moment.revision, types, retiring, retireGraceMs: moment.retireGraceMs };
}

/** A type while it is changed: parts by resource, copied when first touched. */
interface TypeEdition {
  readonly retiring: Map<string, RetiringResource>;
  parts(resource: string): Map<string, ChangedPart | Part>;
  remove(resource: string): void;
  retire(resource: string, retiredAtMs: number): void;
  close(at: Revision): TypeSnapshot;
}

function openEdition(snapshot: Snapshot, type: ResourceType): TypeEdition {
  const before = snapshot.types[type];
  const touched = new Map<string, Map<string, ChangedPart | Part>>();
  const gone = new Set<string>();
  const retiring = new Map(snapshot.retiring[type]);
  return {
    retiring,
    parts(resource) {
      let parts = touched.get(resource);
      if (parts === undefined) {
        const known = gone.has(resource) ? [] : (before.resources.get(resource)?.parts ?? []);
        parts = new Map(known.map((part) => [part.virtualHost, part]));
        touched.set(resource, parts);
      }
      retiring.delete(resource);
      gone.delete(resource);
      return parts;
    },
    remove(resource) {
      touched.delete(resource);
      gone.add(resource);
    },
    retire(resource, retiredAtMs) {
      const left = before.resources.get(resource);
      assert(left !== undefined, `a resource that retires to be in the snapshot, got ${type} ${resource}`);
      retiring.set(resource, { resource: left, retiredAtMs });
      gone.add(resource);
    },
    close: (at) => closeEdition(before, touched, gone, at),
  };
}

function closeEdition(
  before: TypeSnapshot,
  touched: ReadonlyMap<string, ReadonlyMap<string, ChangedPart | Part>>,
  gone: ReadonlySet<string>,
  at: Revision,
): TypeSnapshot {
  const resources = new Map(before.resources);
  let inserted = false;
  for (const name of gone) resources.delete(name);
  for (const [name, parts] of touched) {
    const old = before.resources.get(name);
    inserted ||= old === undefined;
    resources.set(name, recompose(old, parts, at));
  }
  const sorted = inserted ? new Map([...resources].sort(([a], [b]) => compareStrings(a, b))) : resources;
  return typeSnapshot(sorted, at, before);
}

/** Keeps the old revision where only owners changed: equal digest, equal resource. */
function recompose(
  old: Resource | undefined,
  parts: ReadonlyMap<string, ChangedPart | Part>,
  at: Revision,
): Resource {
  const known = new Map(old?.parts.map((part) => [part.virtualHost, part]));
  const whole = [...parts.values()].map((part): Part => {
    if (part.bytes !== undefined) return part as Part;
    const bytes = known.get(part.virtualHost)?.bytes;
    assert(
      bytes !== undefined,
      `bytes of ${part.type} ${part.resource} ${part.virtualHost} to be known before its owners change`,
    );
    return { ...part, bytes };
  });
  const resource = composeResource(whole, at);
  return old !== undefined && old.digest === resource.digest
    ? composeResource(whole, old.changedAt)
    : resource;
}

/**
 * Builds the snapshot of a type from its resources, which are in name order. Its version keeps the revision of
 * `before` when nothing differs.
 */
export function typeSnapshot(
  resources: ReadonlyMap<string, Resource>,
  at: Revision,
  before?: TypeSnapshot,
): TypeSnapshot {
  const digest = digestOfNames(resources.values());
  const changedAt = before !== undefined && before.digest === digest ? before.changedAt : at;
  return { resources, digest, changedAt, version: versionOf(changedAt, digest) };
}

/**
 * SHA-256 over, for each resource in name order: length of the name (4 bytes, big endian), name, digest (32 bytes).
 * Not a sum of any kind: equal digests never cancel (rule 9).
 */
export function digestOfNames(sorted: Iterable<{ readonly name: string; readonly digest: string }>): string {
  const chunks: Uint8Array[] = [];
  for (const { name, digest } of sorted) {
    const bytes = utf8(name);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    chunks.push(length, bytes, fromHex(digest));
  }
  return sha256Hex(...chunks);
}

function withoutExpired(
  retiring: ReadonlyMap<string, RetiringResource>,
  beforeMs: number,
): ReadonlyMap<string, RetiringResource> {
  const kept = [...retiring].filter(([, { retiredAtMs }]) => retiredAtMs >= beforeMs);
  if (kept.length === retiring.size) return retiring;
  return new Map(kept);
}

/** What is retiring and not yet over the grace at a time: what a checkpoint keeps. */
export function unexpired(snapshot: Snapshot, timeMs: number): Snapshot["retiring"] {
  return everyType((type) => withoutExpired(snapshot.retiring[type], timeMs - snapshot.retireGraceMs));
}

/** All resources of a snapshot, in the order of types, then names. */
export function allResources(snapshot: Snapshot): Resource[] {
  return resourceTypes.flatMap((type) => [...snapshot.types[type].resources.values()]);
}
