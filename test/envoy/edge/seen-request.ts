import { codec } from "@routeledger/protos";
import { type ResourceType, typeOfUrl } from "@routeledger/xds-model";
import type { DeltaRequest, SotwRequest } from "@routeledger/xds-stream";

/** One request of Envoy's, of either protocol, as a scripted server saw it. */
export interface SeenRequest {
  /** From 1: which stream of the server. */
  readonly stream: number;
  /** Undefined: a type that Routeledger does not serve. */
  readonly type: ResourceType | undefined;
  readonly typeUrl: string;
  readonly kind: "ack" | "nack" | "ask";
  /** SotW: all that it wants. Delta: what it subscribes to. Sorted. */
  readonly names: readonly string[];
  /** Delta only. */
  readonly unsubscribed: readonly string[];
  /** Delta only, by name. */
  readonly initialVersions: Readonly<Record<string, string>>;
  /** SotW only. */
  readonly version: string;
  readonly nonce: string;
  readonly error: string;
  readonly hasNode: boolean;
  readonly decoded: SotwRequest | DeltaRequest;
  readonly receivedAtMs: number;
  /** `2 endpoint ack n4 +a -b`: stream, type, kind, nonce, names. */
  readonly summary: string;
}

export function seenSotw(stream: number, bytes: Uint8Array): SeenRequest {
  const request = codec("envoy.service.discovery.v3.DiscoveryRequest").decode(bytes);
  return seen({
    stream,
    typeUrl: request.typeUrl,
    names: [...request.resourceNames].sort(),
    unsubscribed: [],
    initialVersions: {},
    version: request.versionInfo,
    nonce: request.responseNonce,
    error: request.errorDetail?.message,
    hasNode: (request.node?.id ?? "") !== "",
    decoded: request,
  });
}

export function seenDelta(stream: number, bytes: Uint8Array): SeenRequest {
  const request = codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").decode(bytes);
  return seen({
    stream,
    typeUrl: request.typeUrl,
    names: [...request.resourceNamesSubscribe].sort(),
    unsubscribed: [...request.resourceNamesUnsubscribe].sort(),
    initialVersions: request.initialResourceVersions,
    version: "",
    nonce: request.responseNonce,
    error: request.errorDetail?.message,
    hasNode: (request.node?.id ?? "") !== "",
    decoded: request,
  });
}

interface Decoded extends Omit<SeenRequest, "type" | "kind" | "error" | "summary" | "receivedAtMs"> {
  /** Undefined where the request has no `error_detail`. */
  readonly error: string | undefined;
}

function seen(decoded: Decoded): SeenRequest {
  const { stream, typeUrl, nonce, names, unsubscribed, error } = decoded;
  const type = typeOfUrl(typeUrl);
  const kind = error !== undefined ? "nack" : nonce === "" ? "ask" : "ack";
  const changes = [...names.map((name) => `+${name}`), ...unsubscribed.map((name) => `-${name}`)];
  const summary = [stream, type ?? typeUrl, kind, nonce, ...changes].filter((word) => word !== "").join(" ");
  return { ...decoded, type, kind, error: error ?? "", summary, receivedAtMs: performance.now() };
}
