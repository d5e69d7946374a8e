/** What a client wants of one type, and how requests change it: two total tables, one a protocol (rules 13, 22, 37, 61). */

import type { ResourceType } from "@routeledger/xds-model";
import type { XdsStream } from "./stream-state.ts";

export type Interest =
  /** No request of the type came on this stream. */
  | "unasked"
  /** It asked, and wants nothing (now). */
  | "nothing"
  /** The names that it gave. */
  | "named"
  /** Everything, since it never gave a name: the legacy wildcard. */
  | "legacy"
  /** Everything, and the names that it gave. */
  | "wildcard";

/** The names of a SotW request: `empty` is read as `emptyLegacy` where no names may mean everything. */
export type SotwNames = "empty" | "emptyLegacy" | "names" | "star";

/** A SotW request says all that is wanted: the names of the latest are the subscription. */
export const sotwInterests = {
  unasked: { empty: "nothing", emptyLegacy: "legacy", names: "named", star: "wildcard" },
  nothing: { empty: "nothing", emptyLegacy: "nothing", names: "named", star: "wildcard" },
  named: { empty: "nothing", emptyLegacy: "nothing", names: "named", star: "wildcard" },
  legacy: { empty: "legacy", emptyLegacy: "legacy", names: "named", star: "wildcard" },
  wildcard: { empty: "nothing", emptyLegacy: "nothing", names: "named", star: "wildcard" },
} as const satisfies Record<Interest, Record<SotwNames, Interest>>;

/** What a delta request does, taken in this order: names that go, a first request without names, names that come. */
export type DeltaNames =
  | "starGone"
  /** The same, and other names are left. */
  | "starGoneNamed"
  | "lastNameGone"
  | "empty"
  | "emptyLegacy"
  | "name"
  | "star";

/** A delta request says what changes: only `*` gone ends a wildcard, only the first request may be empty. */
export const deltaInterests = {
  unasked: {
    starGone: "unasked",
    starGoneNamed: "unasked",
    lastNameGone: "unasked",
    empty: "nothing",
    emptyLegacy: "legacy",
    name: "named",
    star: "wildcard",
  },
  nothing: {
    starGone: "nothing",
    starGoneNamed: "named",
    lastNameGone: "nothing",
    empty: "nothing",
    emptyLegacy: "nothing",
    name: "named",
    star: "wildcard",
  },
  named: {
    starGone: "nothing",
    starGoneNamed: "named",
    lastNameGone: "nothing",
    empty: "named",
    emptyLegacy: "named",
    name: "named",
    star: "wildcard",
  },
  legacy: {
    starGone: "nothing",
    starGoneNamed: "named",
    lastNameGone: "legacy",
    empty: "legacy",
    emptyLegacy: "legacy",
    name: "wildcard",
    star: "wildcard",
  },
  wildcard: {
    starGone: "nothing",
    starGoneNamed: "named",
    lastNameGone: "wildcard",
    empty: "wildcard",
    emptyLegacy: "wildcard",
    name: "wildcard",
    star: "wildcard",
  },
} as const satisfies Record<Interest, Record<DeltaNames, Interest>>;

/** Everything of the type is wanted. */
export function isWildcard({ interest }: { readonly interest: Interest }): boolean {
  return interest === "legacy" || interest === "wildcard";
}

/** Types of which a SotW response holds all or deletes the rest (rule 16), and of which no names mean all (rule 13). */
export function isFullType(type: ResourceType): boolean {
  return type === "cluster" || type === "listener";
}

/** Empty names mean everything for LDS and CDS only, and never to a gRPC client (rules 13 and 61). */
export function emptyNames({ node }: XdsStream, type: ResourceType): "empty" | "emptyLegacy" {
  return isFullType(type) && !/^grpc/i.test(node?.userAgentName ?? "") ? "emptyLegacy" : "empty";
}
