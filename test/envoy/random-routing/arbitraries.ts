import type { JsonObject } from "@routeledger/std";
import fc from "fast-check";

/** Present once in `oneIn`; shrinks to absence. */
export function seldom<T>(value: fc.Arbitrary<T>, oneIn: number): fc.Arbitrary<T | undefined> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: oneIn - 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: value },
  );
}

/** Without members that are undefined. */
export function clean(object: Readonly<Record<string, unknown>>): JsonObject {
  return JSON.parse(JSON.stringify(object)) as JsonObject;
}
