import { by } from "@routeledger/std";
import { allResources } from "./apply-delta.ts";
import type { Reference, Resource, Snapshot } from "./snapshot.ts";

/** The one cluster name that is exempt: it never exists, and stands for the share of invalid backends (G65). */
export const invalidBackendCluster = "routeledger/invalid-backend";

export interface DanglingReference {
  readonly from: Resource;
  readonly to: Reference;
}

/** The references of a snapshot to what is not in it: none, unless we made a mistake (P3). Sorted. */
export function danglingReferences(snapshot: Snapshot): DanglingReference[] {
  const dangling: DanglingReference[] = [];
  for (const from of allResources(snapshot)) {
    for (const to of from.references) {
      const exempt = to.type === "cluster" && to.name === invalidBackendCluster;
      if (!exempt && !snapshot.types[to.type].resources.has(to.name)) dangling.push({ from, to });
    }
  }
  return dangling.sort(by(({ from, to }) => `${from.type}\n${from.name}\n${to.type}\n${to.name}`));
}
