import type { ChangedPart, GroupDelta, PartKey } from "./group-delta.ts";
import { comparePartKeys, partKeyText } from "./part-order.ts";
import { type PartSet, partSet, partsOf } from "./part-set.ts";
import type { ResourceType } from "./resource-type.ts";
import type { Owner, Part, Snapshot } from "./snapshot.ts";

/** Nothing refers to a listener, so one that leaves is gone; Envoy drains it. All else may still be needed. */
const retires: Readonly<Record<ResourceType, boolean>> = {
  cluster: true,
  endpoint: true,
  listener: false,
  route: true,
  secret: true,
  extensionConfig: true,
};

/**
 * What must be said so that a snapshot becomes one of exactly these parts; undefined when it is so already.
 * @param parts each key once, in any order
 */
export function diffParts(snapshot: Snapshot, parts: Iterable<Part>): GroupDelta | undefined {
  return diffPartSets(snapshot.nodeGroup, partsOf(snapshot), partSet(parts));
}

/** The same of two sets. Costs what differs, where the later one was made of the earlier one. */
export function diffPartSets(nodeGroup: string, before: PartSet, after: PartSet): GroupDelta | undefined {
  const changed: ChangedPart[] = [];
  const gone: Part[] = [];
  for (const change of after.changesSince(before)) {
    if (change.after === undefined) gone.push(change.before as Part);
    else if (change.before === undefined) changed.push(change.after);
    else changed.push(...whatChanged(change.before, change.after));
  }
  if (changed.length === 0 && gone.length === 0) return undefined;
  return { nodeGroup, deleted: false, changed: changed.sort(comparePartKeys), ...goneParts(after, gone) };
}

function whatChanged(before: Part, part: Part): ChangedPart[] {
  if (before.digest !== part.digest) return [part];
  return sameOwners(before.owners, part.owners) ? [] : [{ ...part, bytes: undefined }];
}

/** A virtual host of a table that stays is removed; a whole resource retires where its type does. */
function goneParts(after: PartSet, gone: Part[]): Pick<GroupDelta, "removed" | "retired"> {
  const removed: PartKey[] = [];
  const retired: PartKey[] = [];
  for (const part of gone.sort(comparePartKeys)) {
    if (part.virtualHost === "") (retires[part.type] ? retired : removed).push(keyOf(part));
    else if (after.has(partKeyText({ ...part, virtualHost: "" }))) removed.push(keyOf(part));
  }
  return { removed, retired };
}

function keyOf({ type, resource, virtualHost }: Part): PartKey {
  return { type, resource, virtualHost };
}

/** Which objects they are; their revisions move with the bytes only. */
function sameOwners(a: readonly Owner[], b: readonly Owner[]): boolean {
  return a.length === b.length && a.every((owner, index) => ownerKey(owner) === ownerKey(b[index] as Owner));
}

function ownerKey({ group, kind, namespace, name }: Owner): string {
  return `${group}/${kind}/${namespace}/${name}`;
}
