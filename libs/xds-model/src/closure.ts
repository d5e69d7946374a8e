import { by } from "@routeledger/std";
import { allResources } from "./apply-delta.ts";
import type { GroupDelta } from "./group-delta.ts";
import { referencesOf } from "./references.ts";
import type { Part, Reference, Resource, Snapshot } from "./snapshot.ts";

/** The one cluster name that is exempt: it never exists, and stands for the share of invalid backends (G65). */
export const invalidBackendCluster = "routeledger/invalid-backend";

export interface DanglingReference {
  readonly from: Resource;
  readonly to: Reference;
}

/**
 * The references of a snapshot to what is not in it: none, unless we made a mistake (P3). Sorted.
 * @param delta what made the snapshot out of one that was closed: where nothing went, only what changed is looked at
 */
export function danglingReferences(snapshot: Snapshot, delta?: GroupDelta): DanglingReference[] {
  const dangling: DanglingReference[] = [];
  for (const from of suspects(snapshot, delta)) {
    for (const to of from.references) if (isDangling(snapshot, to)) dangling.push({ from, to });
  }
  return dangling.sort(by(({ from, to }) => `${from.type}\n${from.name}\n${to.type}\n${to.name}`));
}

function isDangling(snapshot: Snapshot, { type, name }: Reference): boolean {
  const exempt = type === "cluster" && name === invalidBackendCluster;
  return !exempt && !snapshot.types[type].resources.has(name);
}

function suspects(snapshot: Snapshot, delta: GroupDelta | undefined): Iterable<Resource> {
  if (delta === undefined || delta.removed.length + delta.retired.length > 0) return allResources(snapshot);
  // Of a large table only the parts that changed are decoded; without bytes, only the owners did.
  const broken = delta.changed.filter(
    (part) =>
      part.bytes !== undefined &&
      referencesOf(part as Part).some((reference) => isDangling(snapshot, reference)),
  );
  const changed = broken.map(({ type, resource }) => snapshot.types[type].resources.get(resource));
  return new Set(changed.filter((resource) => resource !== undefined));
}
