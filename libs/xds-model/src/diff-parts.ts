import { allResources } from "./apply-delta.ts";
import type { ChangedPart, GroupDelta, PartKey } from "./group-delta.ts";
import { comparePartKeys } from "./part-order.ts";
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
 * What must be said so that a snapshot becomes one of exactly these parts; undefined when it is so already. Both
 * sides are walked once, in order; a part that is the same instance on both costs one comparison.
 * @param parts each key once, in any order
 */
export function diffParts(snapshot: Snapshot, parts: readonly Part[]): GroupDelta | undefined {
  const wanted = inOrder(parts);
  const changed: ChangedPart[] = [];
  const gone: Part[] = [];
  let next = 0;
  for (const known of allResources(snapshot).flatMap((resource) => resource.parts)) {
    let part = wanted[next];
    while (part !== undefined && part !== known && comparePartKeys(part, known) < 0) {
      changed.push(part);
      part = wanted[++next];
    }
    if (part === undefined || (part !== known && comparePartKeys(part, known) > 0)) gone.push(known);
    else {
      if (part !== known) changed.push(...whatChanged(known, part));
      next++;
    }
  }
  changed.push(...wanted.slice(next));
  if (changed.length === 0 && gone.length === 0) return undefined;
  return { nodeGroup: snapshot.nodeGroup, deleted: false, changed, ...goneParts(wanted, gone) };
}

function inOrder(parts: readonly Part[]): readonly Part[] {
  const isSorted = parts.every(
    (part, index) => index === 0 || comparePartKeys(parts[index - 1] as Part, part) < 0,
  );
  return isSorted ? parts : [...parts].sort(comparePartKeys);
}

function whatChanged(before: Part, part: Part): ChangedPart[] {
  if (before.digest !== part.digest) return [part];
  return sameOwners(before.owners, part.owners) ? [] : [{ ...part, bytes: undefined }];
}

/** A virtual host of a table that stays is removed; a whole resource retires where its type does. */
function goneParts(wanted: readonly Part[], gone: readonly Part[]): Pick<GroupDelta, "removed" | "retired"> {
  const removed: PartKey[] = [];
  const retired: PartKey[] = [];
  for (const part of gone) {
    if (part.virtualHost === "") (retires[part.type] ? retired : removed).push(keyOf(part));
    else if (hasShell(wanted, part)) removed.push(keyOf(part));
  }
  return { removed, retired };
}

/** By bisection: whether a table's shell is among sorted parts. */
function hasShell(wanted: readonly Part[], { type, resource }: Part): boolean {
  const shell = { type, resource, virtualHost: "" };
  let from = 0;
  let to = wanted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (comparePartKeys(wanted[middle] as Part, shell) < 0) from = middle + 1;
    else to = middle;
  }
  const found = wanted[from];
  return found !== undefined && comparePartKeys(found, shell) === 0;
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
