import type { JsonObject } from "@routeledger/std";

/** What the server fills in: it changes with every write, and nobody wrote it. */
const filledIn = ["uid", "resourceVersion", "creationTimestamp", "generation"];

/** An object as people write it: without status and what the server fills in, in kubectl's order. */
export function authored(object: JsonObject | null | undefined): JsonObject | null {
  if (object === null || object === undefined) return null;
  const { apiVersion, kind, metadata, status: _status, ...rest } = object;
  const kept = Object.entries((metadata ?? {}) as JsonObject).filter(([name]) => !filledIn.includes(name));
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
    metadata: Object.fromEntries(kept),
    ...rest,
  };
}
