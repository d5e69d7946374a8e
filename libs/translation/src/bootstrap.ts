import { assert, type JsonObject, type JsonValue } from "@routeledger/std";
import { nodeGroupPattern } from "./node-groups.ts";
import { programSizeMax } from "./routes/program-size.ts";

export interface BootstrapOptions {
  /** The node group: `namespace/name` of the Gateway. Goes to `node.cluster`. */
  readonly gateway: string;
  readonly nodeId: string;
  /** The xDS edges, at least one: a stream goes to any of them. A name is resolved again and again, to all its addresses. */
  readonly edges: readonly EdgeAddress[];
  readonly protocol: "delta" | "sotw";
  /** Admin on 127.0.0.1; 0 or undefined lets Envoy choose. */
  readonly adminPort?: number | undefined;
  /** Labels and annotations of the Gateway's infrastructure, for `node.metadata`. No resource depends on them. */
  readonly infrastructure?: Infrastructure | undefined;
}

export interface Infrastructure {
  readonly labels?: JsonObject | undefined;
  readonly annotations?: JsonObject | undefined;
}

export interface EdgeAddress {
  readonly host: string;
  readonly port: number;
}

/** Envoy's bootstrap in JSON form, with the field names of its documentation. */
export type Bootstrap = JsonObject;

/** Name of the cluster that reaches the edge. */
const edgeCluster = "routeledger/xds-edge";
const edgeAuthority = "xds-edge";

/**
 * What an Envoy is started with: its name, the edges of which it asks one for everything over one ADS stream and reports to
 * one, its admin on loopback, and what no control plane can set later (G117). Deterministic.
 */
export function bootstrap({
  gateway,
  nodeId,
  edges,
  protocol,
  adminPort,
  infrastructure,
}: BootstrapOptions): Bootstrap {
  assert(nodeGroupPattern.test(gateway), `a Gateway as namespace/name, got ${gateway}`);
  assert(nodeId !== "", "a node id that is not empty");
  assert(edges.length > 0, "at least one edge");
  return {
    node: { cluster: gateway, id: nodeId, metadata: nodeMetadata(gateway, infrastructure) },
    admin: { address: socketAddress("127.0.0.1", adminPort ?? 0) },
    dynamic_resources: {
      ads_config: {
        api_type: protocol === "delta" ? "DELTA_GRPC" : "GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: edgeService() }],
      },
      cds_config: adsSource(),
      lds_config: adsSource(),
    },
    cluster_manager: { load_stats_config: loadStats() },
    static_resources: { clusters: [xdsCluster(edges)] },
    layered_runtime: {
      layers: [
        {
          name: "routeledger",
          static_layer: {
            "re2.max_program_size.error_level": programSizeMax,
            "re2.max_program_size.warn_level": programSizeMax,
          },
        },
      ],
    },
    overload_manager: overloadManager(),
  };
}

/**
 * Requests to each cluster are reported to an edge (LRS), any of them, over a stream of its own. From one that takes no
 * reports Envoy backs off, and nothing else comes of it.
 */
function loadStats(): JsonValue {
  const grpcServices = [{ envoy_grpc: edgeService() }];
  return { api_type: "GRPC", transport_api_version: "V3", grpc_services: grpcServices };
}

/** Beside the Gateway's own labels the one that Gateway API gives to all that is made for a Gateway. */
function nodeMetadata(gateway: string, { labels, annotations }: Infrastructure = {}): JsonObject {
  const name = gateway.slice(gateway.indexOf("/") + 1);
  return {
    labels: { ...labels, "gateway.networking.k8s.io/gateway-name": name },
    ...(annotations === undefined ? {} : { annotations }),
  };
}

function edgeService(): JsonValue {
  return {
    cluster_name: edgeCluster,
    // Else the cluster's name is the :authority, and no HTTP/2 server takes a slash in it.
    authority: edgeAuthority,
    // Envoy's own is up to 30 s: a proxy would go that long without its edge after a restart. Jittered (rule 71).
    retry_policy: { retry_back_off: { base_interval: "0.2s", max_interval: "5s" } },
  };
}

function adsSource(): JsonValue {
  return { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "15s" };
}

function xdsCluster(edges: readonly EdgeAddress[]): JsonValue {
  const areAddresses = edges.every(({ host }) => /^[\d.]+$|:/.test(host));
  return {
    name: edgeCluster,
    type: areAddresses ? "STATIC" : "STRICT_DNS",
    connect_timeout: "5s",
    load_assignment: {
      cluster_name: edgeCluster,
      endpoints: [
        {
          lb_endpoints: edges.map(({ host, port }) => ({ endpoint: { address: socketAddress(host, port) } })),
        },
      ],
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: "30s", timeout: "5s" } },
        },
      },
    },
  };
}

function socketAddress(address: string, port: number): JsonValue {
  return { socket_address: { address, port_value: port } };
}

/** Bytes of heap, and connections, at which Envoy defends itself. */
const heapBytesMax = 1_073_741_824;
const downstreamConnectionsMax = 50_000;

function overloadManager(): JsonValue {
  const heap = "envoy.resource_monitors.fixed_heap";
  const connections = "envoy.resource_monitors.global_downstream_max_connections";
  return {
    refresh_interval: "0.25s",
    resource_monitors: [
      {
        name: heap,
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
          max_heap_size_bytes: heapBytesMax,
        },
      },
      {
        name: connections,
        typed_config: {
          "@type":
            "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
          max_active_downstream_connections: downstreamConnectionsMax,
        },
      },
    ],
    actions: [
      heapAction("envoy.overload_actions.shrink_heap", heap, 0.95),
      heapAction("envoy.overload_actions.stop_accepting_requests", heap, 0.98),
    ],
  };
}

function heapAction(name: string, monitor: string, threshold: number): JsonValue {
  return { name, triggers: [{ name: monitor, threshold: { value: threshold } }] };
}
