import { allResources } from "./apply-delta.ts";
import type { ChangedPart, GroupDelta } from "./group-delta.ts";
import { comparePartKeys, partKeyText } from "./part-order.ts";
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
export function diffParts(snapshot: Snapshot, parts: readonly Part[]): GroupDelta | undefined {
  const wanted = new Map(parts.map((part) => [partKeyText(part), part]));
  const resources = new Set(parts.map(({ type, resource }) => `${type}\n${resource}`));
  const known = new Map<string, Part>();
  const removed: Part[] = [];
  const retired: Part[] = [];
  for (const resource of allResources(snapshot)) {
    const stays = resources.has(`${resource.type}\n${resource.name}`);
    for (const part of resource.parts) {
      if (stays) known.set(partKeyText(part), part);
      if (stays && !wanted.has(partKeyText(part))) removed.push(part);
      if (!stays && part.virtualHost === "") (retires[resource.type] ? retired : removed).push(part);
    }
  }
  const changed = parts.flatMap((part): ChangedPart[] => {
    const before = known.get(partKeyText(part));
    if (before === undefined || before.digest !== part.digest) return [part];
    return sameOwners(before.owners, part.owners) ? [] : [{ ...part, bytes: undefined }];
  });
  if (changed.length === 0 && removed.length === 0 && retired.length === 0) return undefined;
  return {
    nodeGroup: snapshot.nodeGroup,
    deleted: false,
    changed: changed.sort(comparePartKeys),
    removed: removed.map(keyOf).sort(comparePartKeys),
    retired: retired.map(keyOf).sort(comparePartKeys),
  };
}

function keyOf({ type, resource, virtualHost }: Part): {
  type: ResourceType;
  resource: string;
  virtualHost: string;
} {
  return { type, resource, virtualHost };
}

/** Which objects they are; their revisions move with the bytes only. */
function sameOwners(a: readonly Owner[], b: readonly Owner[]): boolean {
  return a.length === b.length && a.every((owner, index) => ownerKey(owner) === ownerKey(b[index] as Owner));
}

function ownerKey({ group, kind, namespace, name }: Owner): string {
  return `${group}/${kind}/${namespace}/${name}`;
}
