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
  for (const part of delta.changed) edit(part.type).edits(part.resource).set(part.virtualHost, part);
  for (const { type, resource, virtualHost } of delta.removed) {
    if (virtualHost === "") edit(type).remove(resource);
    else edit(type).edits(resource).set(virtualHost, undefined);
  }
  for (const { type, resource } of delta.retired) edit(type).retire(resource, moment.timeMs);
  const types = everyType((type) => editions.get(type)?.close(moment.revision) ?? snapshot.types[type]);
  const retiring = everyType((type) => {
    const kept = editions.get(type)?.retiring ?? snapshot.retiring[type];
    return withoutExpired(kept, moment.timeMs - moment.retireGraceMs);
  });
  return { ...snapshot, revision: moment.revision, types, retiring, retireGraceMs: moment.retireGraceMs };
}

/** What becomes of the parts of a resource, by virtual host; undefined for one that is gone. */
type PartEdits = Map<string, ChangedPart | Part | undefined>;

/** A type while it is changed. */
interface TypeEdition {
  readonly retiring: Map<string, RetiringResource>;
  edits(resource: string): PartEdits;
  remove(resource: string): void;
  retire(resource: string, retiredAtMs: number): void;
  close(at: Revision): TypeSnapshot;
}

function openEdition(snapshot: Snapshot, type: ResourceType): TypeEdition {
  const before = snapshot.types[type];
  const touched = new Map<string, { readonly base: Resource | undefined; readonly edits: PartEdits }>();
  const gone = new Set<string>();
  const retiring = new Map(snapshot.retiring[type]);
  return {
    retiring,
    edits(resource) {
      let edition = touched.get(resource);
      if (edition === undefined) {
        const base = gone.has(resource) ? undefined : before.resources.get(resource);
        edition = { base, edits: new Map() };
        touched.set(resource, edition);
      }
      retiring.delete(resource);
      gone.delete(resource);
      return edition.edits;
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
  touched: ReadonlyMap<string, { readonly base: Resource | undefined; readonly edits: PartEdits }>,
  gone: ReadonlySet<string>,
  at: Revision,
): TypeSnapshot {
  const resources = new Map(before.resources);
  let inserted = false;
  for (const name of gone) resources.delete(name);
  for (const [name, { base, edits }] of touched) {
    const old = before.resources.get(name);
    inserted ||= old === undefined;
    resources.set(name, recompose(old, edited(base?.parts ?? [], edits, old), at));
  }
  const sorted = inserted ? new Map([...resources].sort(([a], [b]) => compareStrings(a, b))) : resources;
  return typeSnapshot(sorted, at, before);
}

/** Parts with edits, in order. A table has many parts and a change few: it is copied once, and never sorted again. */
function edited(base: readonly Part[], edits: PartEdits, old: Resource | undefined): Part[] {
  const parts = [...base];
  for (const [virtualHost, edit] of edits) {
    const at = placeOf(parts, virtualHost);
    const known = parts[at]?.virtualHost === virtualHost ? 1 : 0;
    if (edit === undefined) parts.splice(at, known);
    else parts.splice(at, known, whole(edit, old));
  }
  return parts;
}

/** By bisection: where a virtual host stands among sorted parts, or would. */
function placeOf(parts: readonly Part[], virtualHost: string): number {
  let from = 0;
  let to = parts.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (compareStrings((parts[middle] as Part).virtualHost, virtualHost) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** A part whose owners alone changed has the bytes that it had. */
function whole(part: ChangedPart | Part, old: Resource | undefined): Part {
  if (part.bytes !== undefined) return part as Part;
  const { parts = [] } = old ?? {};
  const known = parts[placeOf(parts, part.virtualHost)];
  assert(
    known?.virtualHost === part.virtualHost,
    `bytes of ${part.type} ${part.resource} ${part.virtualHost} to be known before its owners change`,
  );
  return { ...part, bytes: known.bytes };
}

/** Keeps the old revision where only owners changed: equal digest, equal resource. */
function recompose(old: Resource | undefined, parts: readonly Part[], at: Revision): Resource {
  const resource = composeResource(parts, at);
  return old !== undefined && old.digest === resource.digest
    ? composeResource(parts, old.changedAt)
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
