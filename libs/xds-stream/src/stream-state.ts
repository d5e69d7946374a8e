/** What one ADS stream remembers (section 3 of the xDS rules). Nothing here is shared between streams (rule 3). */
import type { Revision } from "@routeledger/std";
import { type Resource, type ResourceType, resourceTypes, type Snapshot } from "@routeledger/xds-model";
import { type Interest, isWildcard } from "./interest.ts";
import type { Leaving } from "./leaving.ts";
import type { Phase } from "./phase.ts";
import type { SentResource } from "./sent-resource.ts";
import type { Gate, ProxyNode, RequestInput, StreamOutput } from "./stream-io.ts";

export type Protocol = "sotw" | "delta";

export interface XdsStreamOptions {
  readonly protocol: Protocol;
  /** Of a per-type service: the only type, which requests need not name (rule 1). Absent: an aggregated stream. */
  readonly resourceType?: ResourceType;
  /** Prefix of nonces; tells streams apart for people. */
  readonly streamId: string;
  /** How often repeated SotW requests of a type are answered (rule 24), in milliseconds. */
  readonly duplicateIntervalMs?: number;
  /** How long a listener or route table waits at most for one cluster (rule 46), in milliseconds. */
  readonly gateDeadlineMs?: number;
  /** Names that a client may subscribe to, of one type; more close the stream. */
  readonly namesMax?: number;
}

export interface XdsStream {
  readonly protocol: Protocol;
  /** The one type of a per-type stream (rule 1). */
  readonly resourceType: ResourceType | undefined;
  readonly streamId: string;
  readonly duplicateIntervalMs: number;
  readonly namesMax: number;
  readonly types: Readonly<Record<ResourceType, Subscription>>;
  /** Names of types that are not served, by type URL (rule 12). */
  readonly unknownTypes: Map<string, Set<string>>;
  phase: Phase;
  node: ProxyNode | undefined;
  /** Requests that came before the first snapshot. */
  readonly backlog: RequestInput[];
  snapshot: Snapshot | undefined;
  /** The newest revision that the client showed: nothing older is sent (P6). */
  floor: Revision;
  /** Nonces, timers and groups of suspects given so far. */
  count: number;
  readonly gateDeadlineMs: number;
  /** What must not be written yet (rule 48). */
  readonly additions: Additions;
  /** What was last said to be held back. */
  gatesTold: readonly Gate[];
  /** SotW: what warms at the client waits for endpoints that do not exist, and gets none (1.3.2). */
  endsWarming: boolean;
  /** What each running grace timer is for. */
  readonly graces: Map<string, readonly { readonly type: ResourceType; readonly name: string }[]>;
  /** Something happened after which a leaving resource may go (rule 49). */
  gatesMoved: boolean;
}

/** One type on one stream. */
export interface Subscription {
  readonly type: ResourceType;
  interest: Interest;
  /** Explicit names, without `*`. */
  readonly names: Set<string>;
  /** The first wildcard request is answered even when there is nothing (rules 18 and 33). */
  answerDue: boolean;
  /** What the client has been sent, as far as it may hold it. */
  readonly sent: Map<string, SentResource>;
  /** Not yet answered responses, oldest first. */
  readonly inflight: Map<string, Inflight>;
  lastNonce: string;
  /** Names whose snapshot differs, or may differ, from `sent`. */
  readonly dirty: Set<string>;
  /** Names that the client asked for (rules 20, 23, 26). */
  readonly asked: Set<string>;
  /** Names that must be sent again since what refers to them was sent (rules 39, 40, 43). */
  readonly owed: Set<string>;
  /** Content that the client may have taken out of responses that it rejected (rule 8), until it acknowledges other. */
  readonly doubtful: Map<string, readonly Resource[]>;
  /** Content that was rejected, by name (rules 6, 7 and 73). */
  readonly rejected: Map<string, RejectedResource>;
  /** What the client acknowledged, or showed that it holds. */
  readonly acked: Map<string, Resource>;
  /** Names for which `acked` is not the snapshot's; undefined until it is asked for (`heldDigest`). */
  apart: Set<string> | undefined;
  /** Names of which the client holds content from another stream that is not known here; `*`: any. */
  readonly unknown: Set<string>;
  /** Sent names that left the snapshot (rules 49 and 50). */
  readonly leaving: Map<string, Leaving>;
  /** Whether a repeated request may be answered at once (rule 24). */
  duplicateAllowed: boolean;
  duplicateWaits: boolean;
  duplicateTimer: boolean;
  /** SotW LDS and CDS: the client may have taken responses that it never answered, so it may hold more than `acked`. */
  mayHoldMore: boolean;
  ackedVersion: string;
  ackedRevision: Revision | undefined;
  rejectedVersion: string;
  sentVersion: string;
}

export interface RejectedResource {
  /** Empty: a removal was rejected. */
  readonly digest: string;
  /** What the client may hold of it all the same (rule 8). */
  readonly resource: Resource | undefined;
  /**
   * `guilty`: it is what was wrong. `guess`: so the client's words say, and a later answer may clear it. `suspect`: it
   * was rejected among others, and is tried again.
   */
  readonly standing: "guilty" | "guess" | "suspect";
  /**
   * Whether it goes along with other content, while the client may hold another edition that is not known here.
   * `whileInUse`: of a response of which the client took nothing for the sake of one that it named.
   */
  readonly keeping: "no" | "yes" | "whileInUse";
  /** Suspects of one group are tried together, lower groups first. */
  readonly group: number;
}

export interface Inflight {
  readonly nonce: string;
  readonly version: string;
  readonly revision: Revision;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly removed: readonly string[];
  /** SotW LDS and CDS: what is not in it is deleted. */
  readonly full: boolean;
}

/** What waits on a stream for clusters that the client cannot use yet, and for how long. */
export interface Additions {
  /** By type and name, the clusters that it waits for, sorted; of a type as it was when it was last looked at. */
  readonly held: Readonly<Record<GatedType, Map<string, readonly string[]>>>;
  /** By cluster, since something waited for it; by `*` for the first request for clusters. */
  readonly awaited: Map<string, AwaitedCluster>;
  /** Timers that began and were not put out yet. */
  readonly timers: StreamOutput[];
}

/** Types of which a resource may be held back. */
export type GatedType = "listener" | "route";

export interface AwaitedCluster {
  readonly timerId: string;
  /** Its time is over for the cluster with this digest: nothing waits for that any more. Undefined: it runs. */
  readonly overFor: string | undefined;
}

/** How long things wait for one cluster, unless the options say otherwise (rule 46), milliseconds. */
export const gateDeadlineDefaultMs = 2_000;
/** Responses of one type that wait for an answer; beyond it the oldest two are taken as one. */
export const inflightMax = 64;
/** Contents of one name that are remembered of rejected responses; the oldest is forgotten. */
export const doubtfulMax = 16;
/** Requests that wait for the first snapshot. */
export const backlogMax = 64;
/** Types that are not served, and names of each, that are remembered. */
export const unknownTypesMax = 32;
export const unknownNamesMax = 10_000;

/** A stream before its first request. */
export function openStream(options: XdsStreamOptions): XdsStream {
  return {
    protocol: options.protocol,
    resourceType: options.resourceType,
    streamId: options.streamId,
    duplicateIntervalMs: options.duplicateIntervalMs ?? 1_000,
    namesMax: options.namesMax ?? 200_000,
    types: Object.fromEntries(resourceTypes.map((type) => [type, openSubscription(type)])) as Record<
      ResourceType,
      Subscription
    >,
    unknownTypes: new Map(),
    phase: "opened",
    node: undefined,
    backlog: [],
    snapshot: undefined,
    floor: { epoch: 0, sequence: 0 },
    count: 0,
    gateDeadlineMs: options.gateDeadlineMs ?? gateDeadlineDefaultMs,
    additions: { held: { listener: new Map(), route: new Map() }, awaited: new Map(), timers: [] },
    gatesTold: [],
    endsWarming: false,
    graces: new Map(),
    gatesMoved: false,
  };
}

function openSubscription(type: ResourceType): Subscription {
  return {
    type,
    interest: "unasked",
    names: new Set(),
    answerDue: false,
    sent: new Map(),
    inflight: new Map(),
    lastNonce: "",
    dirty: new Set(),
    asked: new Set(),
    owed: new Set(),
    doubtful: new Map(),
    rejected: new Map(),
    acked: new Map(),
    apart: undefined,
    unknown: new Set(),
    leaving: new Map(),
    duplicateAllowed: true,
    duplicateWaits: false,
    duplicateTimer: false,
    mayHoldMore: false,
    ackedVersion: "",
    ackedRevision: undefined,
    rejectedVersion: "",
    sentVersion: "",
  };
}

export function isWanted(subscription: Subscription, name: string): boolean {
  return isWildcard(subscription) || subscription.names.has(name);
}

/**
 * Drops all that is kept of a name that the client no longer subscribes to (rules 21 and 27). Endpoints stay owed: an
 * unsubscribe that belongs to the removal of a cluster may come after that cluster was sent anew.
 */
export function forget(subscription: Subscription, name: string): void {
  const { type, dirty, asked, owed, unknown, sent, doubtful, rejected, acked, leaving } = subscription;
  for (const set of [dirty, asked, unknown]) set.delete(name);
  for (const map of [sent, doubtful, rejected, acked, leaving] as Map<string, unknown>[]) map.delete(name);
  subscription.apart = undefined;
  if (type !== "endpoint") owed.delete(name);
}
