import { codec, durationOfMs, type envoy, packAny } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { configSource } from "../config-source.ts";
import { makePart } from "../parts.ts";
import { socketAddress } from "./endpoints.ts";
import type { Upstream } from "./upstream.ts";

const connectTimeoutMs = 5_000;

/** Bytes that Envoy buffers for one connection, up and down (G116). */
export const connectionBufferBytes = 32_768;

/** Retries of a cluster under way at once: as many as Envoy allows requests. Its own default, 3, would drop most. */
const retriesMax = 1024;

const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

const known = new WeakMap<Upstream, Part>();

/** The cluster of an upstream, encoded. */
export function clusterPart(upstream: Upstream): Part {
  let part = known.get(upstream);
  if (part === undefined) {
    const bytes = codec("envoy.config.cluster.v3.Cluster").encode(envoyCluster(upstream));
    part = makePart({ type: "cluster", resource: upstream.name }, bytes, [upstream.owner]);
    known.set(upstream, part);
  }
  return part;
}

export function envoyCluster(upstream: Upstream): envoy.config.cluster.v3.Cluster {
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
    ...discovery(upstream),
    ...(upstream.protocol === "http2"
      ? {
          typedExtensionProtocolOptions: {
            [httpOptions]: packAny(httpOptions, { explicitHttpConfig: { http2ProtocolOptions: {} } }),
          },
        }
      : {}),
  };
}

function discovery({ name, endpoints }: Upstream): envoy.config.cluster.v3.Cluster {
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
