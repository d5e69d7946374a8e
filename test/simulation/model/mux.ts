/** What Envoy's two multiplexers have in common: watches of names, pauses of types, one stream. */
import type { Resource, ResourceType } from "@routeledger/xds-model";
import type { DeltaRequest, SotwRequest } from "@routeledger/xds-stream";

export type XdsRequest = SotwRequest | DeltaRequest;

/** A response as it arrives. */
export interface ReceivedResponse {
  readonly resourceType: ResourceType;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly Resource[];
  /** Delta only. */
  readonly removed: readonly string[];
}

export interface WatchCallbacks {
  /** What of a response concerns the watch; throws `Rejection`. */
  update(resources: readonly Resource[], removed: readonly string[]): void;
  /** Some response of the type was rejected, whatever was in it (1.3.1). */
  rejected(): void;
}

export interface Watch {
  end(): void;
}

export interface Mux {
  /** Without a name: everything there is. */
  watch(type: ResourceType, name: string | undefined, callbacks: WatchCallbacks): Watch;
  /** Requests of these types wait until the returned function, and those of all other pauses, were called. */
  pause(types: readonly ResourceType[]): () => void;
  /** A stream is open. */
  connect(send: (request: XdsRequest) => void): void;
  disconnect(): void;
  take(response: ReceivedResponse): void;
}

/** Why a response is not acknowledged. */
export class Rejection extends Error {}
