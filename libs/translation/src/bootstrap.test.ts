import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { codec, fieldViolations, fromJson } from "@routeledger/protos";
import { canonicalJson, type JsonObject } from "@routeledger/std";
import { type BootstrapOptions, bootstrap } from "./bootstrap.ts";

const options: BootstrapOptions = {
  gateway: "default/web",
  nodeId: "proxy-1",
  edges: [{ host: "127.0.0.1", port: 18000 }],
  protocol: "delta",
};

function xdsCluster(changes: Partial<BootstrapOptions>): JsonObject {
  const { clusters } = bootstrap({ ...options, ...changes }).static_resources as { clusters: JsonObject[] };
  return clusters[0]!;
}

test("the node says its group in cluster and its name in id", () => {
  const { cluster, id } = bootstrap(options).node as JsonObject;
  deepEqual({ cluster, id }, { cluster: "default/web", id: "proxy-1" });
});

test("a Gateway's infrastructure labels and annotations stand in the node's metadata, beside its name", () => {
  const infrastructure = { labels: { team: "shop" }, annotations: { note: "x" } };
  const metadata = (of: Partial<BootstrapOptions>): unknown =>
    (bootstrap({ ...options, ...of }).node as JsonObject).metadata;
  const named = { "gateway.networking.k8s.io/gateway-name": "web" };
  deepEqual(metadata({ infrastructure }), { labels: { team: "shop", ...named }, annotations: { note: "x" } });
  deepEqual(metadata({}), { labels: named });
});

test("all xDS goes over one ADS stream, delta or SotW as asked", () => {
  const apiType = (protocol: "delta" | "sotw"): unknown =>
    ((bootstrap({ ...options, protocol }).dynamic_resources as JsonObject).ads_config as JsonObject).api_type;
  equal(apiType("delta"), "DELTA_GRPC");
  equal(apiType("sotw"), "GRPC");
});

test("requests to clusters are reported to the cluster of the edges", () => {
  const { cluster_manager: manager, dynamic_resources: dynamic } = bootstrap(options);
  const { load_stats_config: config } = manager as { load_stats_config: JsonObject };
  const { grpc_services: services } = (dynamic as JsonObject).ads_config as JsonObject;
  deepEqual(config, { api_type: "GRPC", transport_api_version: "V3", grpc_services: services });
});

test("an edge is reached at its address, or by its name", () => {
  const type = (host: string): unknown => xdsCluster({ edges: [{ host, port: 1 }] }).type;
  deepEqual(["10.0.0.1", "::1", "edge.example.com", "localhost"].map(type), [
    "STATIC",
    "STATIC",
    "STRICT_DNS",
    "STRICT_DNS",
  ]);
});

test("of several edges a stream goes to any; one name among them has all resolved", () => {
  const edges = [
    { host: "10.0.0.1", port: 1 },
    { host: "edge-b", port: 2 },
  ];
  const cluster = xdsCluster({ edges });
  equal(cluster.type, "STRICT_DNS");
  const { endpoints } = cluster.load_assignment as JsonObject;
  deepEqual(endpoints, [
    {
      lb_endpoints: edges.map(({ host, port }) => ({
        endpoint: { address: { socket_address: { address: host, port_value: port } } },
      })),
    },
  ]);
});

test("rule G29: the size of a regular expression's program is raised above Envoy's 100", () => {
  const text = canonicalJson(bootstrap(options).layered_runtime);
  equal(text.includes('"re2.max_program_size.error_level":4096'), true);
});

test("rule G117: admin is on loopback only", () => {
  const { admin } = bootstrap({ ...options, adminPort: 19000 });
  deepEqual(admin, { address: { socket_address: { address: "127.0.0.1", port_value: 19000 } } });
});

test("the same options give the same bytes", () => {
  equal(canonicalJson(bootstrap(options)), canonicalJson(bootstrap({ ...options })));
});

test("a node group that is none is a programmer's error", () => {
  throws(() => bootstrap({ ...options, gateway: "web" }), /namespace\/name/);
});

test("rule G111: Envoy's field rules accept what the descriptor knows of it", () => {
  const { overload_manager: _notInDescriptor, ...known } = bootstrap(options);
  const name = "envoy.config.bootstrap.v3.Bootstrap";
  const message = fromJson(name, known);
  deepEqual(fieldViolations(name, message), []);
  equal(codec(name).encode(message).length > 0, true);
});
