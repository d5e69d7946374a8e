import { SortedMap } from "@routeledger/std";
import { allResources } from "./apply-delta.ts";
import { partKeyText } from "./part-order.ts";
import type { Part, Snapshot } from "./snapshot.ts";

/** The parts of a node group by `partKeyText`, in the order of parts. */
export type PartSet = SortedMap<Part>;

/** @param parts in any order, each key once */
export function partSet(parts: Iterable<Part>): PartSet {
  return SortedMap.of([...parts].map((part) => [partKeyText(part), part]));
}

/** All parts of a snapshot; what retires is none of them. */
export function partsOf(snapshot: Snapshot): PartSet {
  return partSet(allResources(snapshot).flatMap(({ parts }) => parts));
}
