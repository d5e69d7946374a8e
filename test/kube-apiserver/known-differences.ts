import type { JsonObject } from "@routeledger/std";
import type { Refusal } from "./judge.ts";

interface KnownDifference {
  readonly why: string;
  readonly kind: RegExp;
  readonly side: "theirs" | "ours";
  /** Absent: on create, too. */
  readonly during?: "update";
  /** Absent: any field. */
  readonly field?: RegExp;
  readonly message: RegExp;
}

/** Where we differ from an API server on purpose: of the core kinds, whose code is more than a schema and rules. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    why: "without a cluster, endpoints run on this machine",
    kind: /^EndpointSlice$/,
    side: "theirs",
    message: /may not be in the loopback range/,
  },
  {
    why: "a Go decoder takes null in a list for an empty value, and a list of numbers for bytes; that is a mistake",
    kind: /^(Service|EndpointSlice|ConfigMap|Namespace)$/,
    side: "ours",
    message: /^expected (an object|a string|an integer|a list), got (null|a list of \d+|an empty list)$/,
  },
  {
    why: "the same; of a Secret no value is shown (P11)",
    kind: /^Secret$/,
    side: "ours",
    message: /^expected a string$/,
  },
  {
    why: "addresses and ports of nodes are allocated by a cluster, of which there is none",
    kind: /^Service$/,
    side: "theirs",
    message:
      /allocate|not in the valid range|not configured on this cluster|provided range|duplicate nodePort/,
  },
  {
    why: "the same: what was allocated to the former Service cannot change",
    kind: /^Service$/,
    side: "theirs",
    during: "update",
    field: /^spec\.(clusterIPs|ipFamilies)/,
    message: /may not change once set|as indicated by `ipFamilies/,
  },
  {
    why: "an update leaves a Namespace's spec as it was, whatever is written there",
    kind: /^Namespace$/,
    side: "ours",
    during: "update",
    message: /^expected kubernetes, orphan, foregroundDeletion/,
  },
  {
    why: "an update takes from the former Service what the new one leaves out; here an object says all of itself",
    kind: /^Service$/,
    side: "ours",
    during: "update",
    message:
      /^required: expected at least 1 port|^expected no \w+ (but )?where |^expected "RequireDualStack"|^expected clusterIP as its first/,
  },
];

/** Whether a refusal of one side is one that the other need not share. */
export function isKnownDifference(
  { kind }: JsonObject,
  refusal: Refusal,
  { side, isUpdate }: { readonly side: "theirs" | "ours"; readonly isUpdate: boolean },
): boolean {
  return knownDifferences.some(
    (known) =>
      known.kind.test(String(kind)) &&
      known.side === side &&
      (known.during === undefined || isUpdate) &&
      (known.field === undefined || known.field.test(refusal.field ?? "")) &&
      known.message.test(refusal.message),
  );
}
