import type { JsonObject, JsonValue } from "@routeledger/std";
import { BASE_OBJECTS, OTHER_VALUES } from "./base-objects.ts";

const CHANGES_MAX = 3;
const CLUSTER_SCOPED = new Set(["GatewayClass", "Namespace"]);

type Spot =
  | { readonly holder: JsonValue[]; readonly key: number }
  | { readonly holder: JsonObject; readonly key: string };

/** Each base object `copies` times, with one to three random changes. The same seed gives the same objects. */
export function changedObjects(copies: number, seed: number): JsonObject[] {
  const below = generator(seed);
  const objects: JsonObject[] = [];
  for (const base of BASE_OBJECTS) {
    for (let copy = 0; copy < copies; copy++) {
      const object = structuredClone(base);
      for (let left = 1 + below(CHANGES_MAX); left > 0; left--) change(object, below);
      // A server takes the namespace from the request, so it is no matter of validation.
      const metadata = object.metadata;
      if (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata)) {
        if (CLUSTER_SCOPED.has(String(object.kind))) delete metadata.namespace;
        else metadata.namespace = "default";
      }
      objects.push(object);
    }
  }
  return objects;
}

function change(object: JsonObject, below: (limit: number) => number): void {
  const spots = spotsOf(object, true);
  const spot = spots[below(spots.length)];
  if (spot === undefined) return;
  const value = valueAt(spot);
  const other = structuredClone(OTHER_VALUES[below(OTHER_VALUES.length)]!);
  const kind = below(5);
  if (kind === 0) remove(spot);
  else if (kind === 1 && Array.isArray(value) && value.length > 0) value.push(structuredClone(value[0]!));
  else if (kind === 2 && typeof value === "object" && value !== null && !Array.isArray(value))
    value.unknown = other;
  else if (kind === 3 && typeof value === "string")
    put(spot, `${value}${["/", "*", ".", "-", "_", " "][below(6)]}`);
  else put(spot, other);
}

function spotsOf(value: JsonValue, root = false): Spot[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, key) => [{ holder: value, key }, ...spotsOf(item)]);
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    root && (key === "apiVersion" || key === "kind") ? [] : [{ holder: value, key }, ...spotsOf(member)],
  );
}

function valueAt(spot: Spot): JsonValue {
  return (spot.holder as JsonObject)[spot.key] as JsonValue;
}

function put(spot: Spot, value: JsonValue): void {
  (spot.holder as JsonObject)[spot.key] = value;
}

function remove(spot: Spot): void {
  if (Array.isArray(spot.holder)) spot.holder.splice(Number(spot.key), 1);
  else delete (spot.holder as JsonObject)[spot.key];
}

/** A linear congruential generator (Numerical Recipes): numbers from 0 to below `limit`. */
function generator(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
