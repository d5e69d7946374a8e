/** What goes into and comes out of `step`: requests and snapshots in, responses, timers and facts out. */
import type { decoded } from "@routeledger/protos";
import type { Revision } from "@routeledger/std";
import type { Resource, ResourceType, Snapshot } from "@routeledger/xds-model";

export type SotwRequest = decoded.envoy.service.discovery.v3.DiscoveryRequest;
export type DeltaRequest = decoded.envoy.service.discovery.v3.DeltaDiscoveryRequest;
export type ProxyNode = decoded.envoy.config.core.v3.Node;

export type StreamInput =
  | { readonly type: "sotwRequest"; readonly request: SotwRequest }
  | { readonly type: "deltaRequest"; readonly request: DeltaRequest }
  /** The newest snapshot of the node's group. One that is older than the stream's is ignored (P6). */
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  /** The socket takes one more response: each `send` uses that up, and another `writable` must follow it. */
  | { readonly type: "writable" }
  /** A timer that `startTimer` asked for is over. */
  | { readonly type: "timer"; readonly id: string }
  /** Another stream of the same client said `owedElsewhere`. */
  | { readonly type: "owed"; readonly names: readonly TypedName[] };

/** The name of a resource of a type. */
export interface TypedName {
  readonly type: ResourceType;
  readonly name: string;
}

export type RequestInput = Extract<StreamInput, { readonly type: "sotwRequest" | "deltaRequest" }>;

export type StreamOutput =
  /** The first request came: the edge finds the node's group and gives its snapshot. */
  | { readonly type: "connected"; readonly node: ProxyNode }
  | { readonly type: "send"; readonly response: StreamResponse }
  | { readonly type: "startTimer"; readonly id: string; readonly delayMs: number }
  | { readonly type: "acked"; readonly fact: AckedFact }
  | { readonly type: "nacked"; readonly fact: NackedFact }
  /**
   * On a stream of one type: the client has answered what refers to these, so they must be sent again, on the streams that
   * carry them (rules 39 to 43).
   */
  | { readonly type: "owedElsewhere"; readonly names: readonly TypedName[] }
  /** What is held back now, and for what, changed: all of it, sorted by reason, type, name. */
  | { readonly type: "gates"; readonly gates: readonly Gate[] }
  /** The client shows a version that is newer than the snapshot: nothing is sent until the snapshot catches up (P6). */
  | { readonly type: "behind"; readonly shown: Revision; readonly held: Revision }
  | { readonly type: "close"; readonly code: CloseCode; readonly message: string };

export type CloseCode = "INVALID_ARGUMENT" | "RESOURCE_EXHAUSTED";

export interface StreamResponse {
  readonly resourceType: ResourceType;
  readonly typeUrl: string;
  /** Unique within the stream (rule 4). */
  readonly nonce: string;
  /** SotW `version_info`, delta `system_version_info`; `+<digest>` follows where the content is not the snapshot's. */
  readonly version: string;
  /** Of the snapshot that it was made from. */
  readonly revision: Revision;
  /** Sorted by name, each name once (rule 10). */
  readonly resources: readonly Resource[];
  /** Sorted; always empty in SotW. */
  readonly removed: readonly string[];
}

export interface AckedFact {
  readonly resourceType: ResourceType;
  readonly nonce: string;
  readonly version: string;
  readonly revision: Revision;
  /** Of what the client holds of the type now: `digestOfNames`, 64 hexadecimal digits. */
  readonly heldDigest: string;
}

export interface NackedFact {
  readonly resourceType: ResourceType;
  readonly nonce: string;
  readonly version: string;
  readonly revision: Revision;
  /** google.rpc.Status, in the client's words; for people (rule 72). */
  readonly code: number;
  readonly message: string;
  /** What the rejected response carried. */
  readonly resources: readonly Resource[];
  /** Names of those that are known to be what was wrong, sorted: they are in quarantine (rule 73). */
  readonly culprits: readonly string[];
}

/** Something that is held back on one stream. */
export interface Gate {
  /**
   * `addition`: it is not sent yet, since it refers to what the client cannot use yet (rule 48). `removal`: it left the
   * snapshot and stays at the client, which may refer to it (rule 49). `quarantine`: the client rejected it (rule 73).
   */
  readonly reason: "addition" | "removal" | "quarantine";
  readonly type: ResourceType;
  readonly name: string;
  /** Sorted by type and name; empty where it waits for its time, or its next change, alone. */
  readonly waitsFor: readonly { readonly type: ResourceType; readonly name: string }[];
  /** How long after it began it opens whatever happens, milliseconds; undefined: not before what it waits for. */
  readonly deadlineMs: number | undefined;
}
