import type { JsonObject } from "@routeledger/std";
import type { Refusal } from "./judge.ts";

interface KnownDifference {
  readonly why: string;
  readonly kind: RegExp;
  readonly side: "theirs" | "ours";
  readonly message: RegExp;
}

/** Where we differ from an API server on purpose. What is not here is a defect. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    why: "without a cluster, endpoints run on this machine",
    kind: /^EndpointSlice$/,
    side: "theirs",
    message: /may not be in the loopback range/,
  },
  {
    why: "a Go decoder takes null in a list for an empty value, and a list of numbers for bytes; that is a mistake",
    kind: /^(Service|EndpointSlice|Secret|ConfigMap|Namespace)$/,
    side: "ours",
    message: /^expected (an object|a string|an integer|a list), got (null|a list of \d+|an empty list)$/,
  },
  {
    why: "addresses and ports of nodes are allocated by a cluster, of which there is none",
    kind: /^Service$/,
    side: "theirs",
    message:
      /already allocated|not in the valid range|failed to allocate|not configured on this cluster|provided range/,
  },
];

export function isKnownDifference(
  object: JsonObject,
  { theirs, ours }: { readonly theirs?: Refusal; readonly ours?: Refusal },
): boolean {
  return knownDifferences.some(
    ({ kind, side, message }) =>
      kind.test(String(object.kind)) &&
      message.test((side === "theirs" ? theirs : ours)?.message ?? "\u0000"),
  );
}
