import { type MapChange, SortedMap } from "@routeledger/std";
import type { ConfigObject, ConfigState, ObjectsByName } from "./config-state.ts";

/** What became of one object between two states: undefined on the side where it is not. */
export interface ObjectDifference {
  readonly before: ConfigObject | undefined;
  readonly after: ConfigObject | undefined;
}

/**
 * In what the objects of a state differ from those of an earlier one, sorted by group and kind, namespace, name. Costs
 * what changed, not what the states hold, where the later one was evolved from the earlier one.
 */
export function changedObjects(before: ConfigState, after: ConfigState): ObjectDifference[] {
  return after.objects
    .changesSince(before.objects)
    .flatMap((kind) => changesOf<SortedMap<ObjectsByName>, ObjectsByName>(kind))
    .flatMap((namespace) => changesOf<ObjectsByName, ConfigObject>(namespace));
}

function changesOf<M extends SortedMap<V>, V>({ before, after }: MapChange<M>): MapChange<V>[] {
  return (after ?? SortedMap.empty<V>()).changesSince(before ?? SortedMap.empty<V>());
}
