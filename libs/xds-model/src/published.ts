import { type Revision, revision, SortedMap, sha256Hex } from "@routeledger/std";
import type { GroupDelta } from "./group-delta.ts";
import { versionOf } from "./resource.ts";
import { type ResourceType, resourceTypes } from "./resource-type.ts";
import type { Snapshot, TypeSnapshot } from "./snapshot.ts";

/** The object that a status belongs to. */
export interface StatusOf {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface PublishedStatus extends StatusOf {
  /** Canonical JSON, with lastTransitionTime. */
  readonly json: string;
}

/** All that the XDS log says up to a CONFIG revision: the fold of publications. Immutable; states share structure. */
export interface Published {
  readonly revision: Revision;
  /** Time of the event at that revision, milliseconds since 1970. */
  readonly timeMs: number;
  readonly retireGraceMs: number;
  /** By node group, `namespace/name`. */
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** By `group/kind/namespace/name`. */
  readonly statuses: SortedMap<PublishedStatus>;
}

/** One record of the XDS log, decoded: what the CONFIG revisions from..to became. */
export interface Publication {
  /** Of all revisions that it covers. */
  readonly configEpoch: number;
  /**
   * CONFIG sequences, both included. `from` follows on the publication before, or is where CONFIG, adopted after a
   * loss, goes on in a higher epoch: then sequences that were published before may come again.
   */
  readonly from: number;
  readonly to: number;
  /** Time of the event at `to`. */
  readonly timeMs: number;
  /** SHA-256 of the stored body of the CONFIG message at `to`. */
  readonly configHash: Uint8Array;
  /** Version of the translator that made it; revisions at which another was active are covered, not translated. */
  readonly translatorVersion: number;
  /** Those that changed something, in order. */
  readonly deltas: readonly RevisionDelta[];
}

export interface RevisionDelta {
  /** CONFIG sequence. */
  readonly sequence: number;
  readonly timeMs: number;
  readonly retireGraceMs: number;
  /** Sorted by node group. */
  readonly groups: readonly GroupDelta[];
  /** Sorted by object; an empty `json` says that the object has no status any more. */
  readonly statuses: readonly PublishedStatus[];
}

export const emptyPublished: Published = {
  revision: revision(0, 0),
  timeMs: 0,
  retireGraceMs: 0,
  snapshots: new Map(),
  statuses: SortedMap.empty(),
};

/** The type of a snapshot that holds nothing. */
export const emptyTypeSnapshot: TypeSnapshot = {
  resources: new Map(),
  changedAt: revision(0, 0),
  digest: sha256Hex(),
  version: versionOf(revision(0, 0), sha256Hex()),
};

/** A node group before its first resource. */
export function emptySnapshot(nodeGroup: string, at: Revision = revision(0, 0)): Snapshot {
  return {
    nodeGroup,
    revision: at,
    types: everyType(() => emptyTypeSnapshot),
    retiring: everyType(() => new Map()),
    retireGraceMs: 0,
  };
}

/** A record with one value for each resource type. */
export function everyType<T>(value: (type: ResourceType) => T): Record<ResourceType, T> {
  return Object.fromEntries(resourceTypes.map((type) => [type, value(type)])) as Record<ResourceType, T>;
}
