import type { ConfigObject } from "@routeledger/config-model";
import { codec, durationOfMs, type envoy, packAny } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { configSource } from "../config-source.ts";
import { makePart } from "../parts.ts";
import type { TlsSecret } from "../tls/tls-secret.ts";
import { socketAddress } from "./endpoints.ts";
import { transportSocket } from "./transport-socket.ts";
import type { Upstream } from "./upstream.ts";

const connectTimeoutMs = 5_000;

/** Bytes that Envoy buffers for one connection, up and down (G116). */
export const connectionBufferBytes = 32_768;

/** Retries of a cluster under way at once: as many as Envoy allows requests. Its own default, 3, would drop most. */
const retriesMax = 1024;

const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** What a Gateway makes different about the clusters that TLS is spoken to. */
export interface BackendTlsOfGateway {
  /** Shown to backends that ask for one (G101). */
  readonly clientCertificate: TlsSecret | undefined;
  /** BackendTLSPolicies that cannot be implemented for it: their backends are not reached (G102). */
  readonly refused: ReadonlySet<ConfigObject>;
}

/** A Gateway that makes no difference. */
export const plainGateway: BackendTlsOfGateway = { clientCertificate: undefined, refused: new Set() };

const known = new WeakMap<Upstream, Map<string, Part>>();

/** The cluster of an upstream at a Gateway, encoded; the same instance where the Gateway makes no difference. */
export function clusterPart(upstream: Upstream, gateway: BackendTlsOfGateway): Part {
  let variants = known.get(upstream);
  if (variants === undefined) {
    variants = new Map();
    known.set(upstream, variants);
  }
  const variant = isRefused(upstream, gateway)
    ? "refused"
    : (certificateOf(upstream, gateway)?.resource ?? "");
  let part = variants.get(variant);
  if (part === undefined) {
    const bytes = codec("envoy.config.cluster.v3.Cluster").encode(envoyCluster(upstream, gateway));
    const owners = [upstream.owner, upstream.tls?.policy].filter((owner) => owner !== undefined);
    part = makePart({ type: "cluster", resource: upstream.name }, bytes, owners);
    variants.set(variant, part);
  }
  return part;
}

/** Whether a Gateway answers 503 for an upstream, since its policy has no room for the Gateway (G102). */
export function isRefused({ tls }: Upstream, { refused }: BackendTlsOfGateway): boolean {
  return tls?.policy !== undefined && refused.has(tls.policy);
}

/** What the clusters get over SDS. */
export function clusterSecrets(upstreams: readonly Upstream[], gateway: BackendTlsOfGateway): TlsSecret[] {
  return upstreams.flatMap((upstream) => {
    if (upstream.tls === undefined || isRefused(upstream, gateway)) return [];
    const { trust } = upstream.tls;
    const certificate = certificateOf(upstream, gateway);
    return [
      ...(trust.type === "secret" ? [trust.secret] : []),
      ...(certificate === undefined ? [] : [certificate]),
    ];
  });
}

function certificateOf({ tls }: Upstream, gateway: BackendTlsOfGateway): TlsSecret | undefined {
  return tls && (tls.clientCertificate ?? gateway.clientCertificate);
}

export function envoyCluster(
  upstream: Upstream,
  gateway: BackendTlsOfGateway,
): envoy.config.cluster.v3.Cluster {
  return {
    name: upstream.name,
    connectTimeout: durationOfMs(connectTimeoutMs),
    perConnectionBufferLimitBytes: { value: connectionBufferBytes },
    lbPolicy: "LEAST_REQUEST",
    circuitBreakers: { thresholds: [{ maxRetries: { value: retriesMax } }] },
    // Dots split the tags of statistics; only the names of Backends may hold one (G112).
    ...(upstream.name.includes(".") ? { altStatName: upstream.name.replaceAll(".", "_") } : {}),
    // Draining endpoints are used only while there is none that is ready (G71).
    commonLbConfig: { healthyPanicThreshold: { value: 1 } },
    ...(isRefused(upstream, gateway) ? noEndpoints(upstream) : discovery(upstream)),
    ...protocolOptions(upstream),
    ...(upstream.tls === undefined
      ? {}
      : { transportSocket: transportSocket(upstream, upstream.tls, certificateOf(upstream, gateway)) }),
  };
}

/** HTTP/1.1 is what a cluster without options speaks. */
function protocolOptions({ protocol, tls }: Upstream): envoy.config.cluster.v3.Cluster {
  const sniOfRequest = tls !== undefined && tls.sni === undefined;
  if (protocol === "http1" && !sniOfRequest) return {};
  const options = {
    explicitHttpConfig: protocol === "http2" ? { http2ProtocolOptions: {} } : { httpProtocolOptions: {} },
    ...(sniOfRequest
      ? { upstreamHttpProtocolOptions: { autoSni: true, autoSanValidation: tls.trust.type !== "anybody" } }
      : {}),
  };
  return { typedExtensionProtocolOptions: { [httpOptions]: packAny(httpOptions, options) } };
}

/** Envoy answers 503 by itself. */
function noEndpoints({ name }: Upstream): envoy.config.cluster.v3.Cluster {
  return { type: "STATIC", loadAssignment: { clusterName: name } };
}

function discovery(upstream: Upstream): envoy.config.cluster.v3.Cluster {
  const { name, endpoints } = upstream;
  if (endpoints.type === "custom") return noEndpoints(upstream);
  if (endpoints.type !== "dns") {
    return { type: "EDS", edsClusterConfig: { edsConfig: configSource, serviceName: endpoints.name } };
  }
  const lbEndpoints = endpoints.addresses.map((one) => ({ endpoint: { address: socketAddress(one) } }));
  return {
    type: "STRICT_DNS",
    dnsLookupFamily: "V4_PREFERRED",
    respectDnsTtl: true,
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints }] },
  };
}
