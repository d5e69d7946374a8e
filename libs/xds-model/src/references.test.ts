import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { codec, packAny } from "@routeledger/protos";
import { sha256Hex } from "@routeledger/std";
import { danglingReferences, invalidBackendCluster } from "./closure.ts";
import { warmsByItself } from "./references.ts";
import { composeResource } from "./resource.ts";
import type { Part } from "./snapshot.ts";
import { partOf, snapshotOf } from "./testing.ts";

const ads = { ads: {}, resourceApiVersion: "V3" as const };

const edsCluster = partOf("cluster", "shop", {
  type: "EDS",
  edsClusterConfig: { edsConfig: ads, serviceName: "shop-endpoints" },
});

const manager = packAny("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
  statPrefix: "http",
  rds: { routeConfigName: "http/8080", configSource: ads },
});

const listener = partOf("listener", "tcp/0.0.0.0/8080", {
  filterChains: [{ filters: [{ name: "hcm", typedConfig: manager }] }],
});

function hostPart(resource: string, name: string, clusters: readonly string[]): Part {
  const bytes = codec("envoy.config.route.v3.VirtualHost").encode({
    name,
    domains: [name],
    routes: clusters.map((cluster) => ({ match: { prefix: "/" }, route: { cluster } })),
  });
  return { type: "route", resource, virtualHost: name, bytes, digest: sha256Hex(bytes), owners: [] };
}

function named(part: Part): string[] {
  const resource = snapshotOf([part], 1).types[part.type].resources.get(part.resource);
  return resource?.references.map(({ type, name }) => `${type} ${name}`) ?? [];
}

test("P3: an EDS cluster refers to its endpoints, a listener to its route table", () => {
  deepEqual(named(edsCluster), ["endpoint shop-endpoints"]);
  deepEqual(named(listener), ["route http/8080"]);
});

test("a cluster without EDS refers to nothing", () => {
  deepEqual(named(partOf("cluster", "static", { type: "STRICT_DNS" })), []);
});

test("P3: what is named and not there is found, but for the reserved cluster", () => {
  const table = [
    partOf("route", "http/8080"),
    hostPart("http/8080", "a", ["shop", "gone", invalidBackendCluster]),
  ];
  const snapshot = snapshotOf([edsCluster, partOf("endpoint", "shop-endpoints"), listener, ...table], 1);
  deepEqual(
    danglingReferences(snapshot).map(({ from, to }) => `${from.name} to ${to.type} ${to.name}`),
    ["http/8080 to cluster gone"],
  );
});

test("a route table's bytes are its shell followed by its virtual hosts: legal protobuf", () => {
  const shell = partOf("route", "http/8080", { ignorePortInHostMatching: true });
  const long = hostPart(
    "http/8080",
    "z",
    Array.from({ length: 40 }, (_, index) => `cluster-${index}`),
  );
  const table = composeResource([long, hostPart("http/8080", "a", ["shop"]), shell], {
    epoch: 1,
    sequence: 1,
  });
  const decoded = codec("envoy.config.route.v3.RouteConfiguration").decode(table.bytes);
  equal(decoded.name, "http/8080");
  equal(decoded.ignorePortInHostMatching, true);
  deepEqual(
    decoded.virtualHosts.map(({ name, routes }) => [name, routes.length]),
    [
      ["a", 1],
      ["z", 40],
    ],
  );
});

test("rule 48: a cluster that checks health or resolves names warms by itself, any other does not", () => {
  const healthChecks = [{ timeout: { seconds: 1 }, interval: { seconds: 1 }, tcpHealthCheck: {} }];
  const warming = [
    partOf("cluster", "checked", { type: "EDS", healthChecks }),
    partOf("cluster", "strict", { type: "STRICT_DNS" }),
    partOf("cluster", "logical", { type: "LOGICAL_DNS" }),
    partOf("cluster", "custom", { clusterType: { name: "envoy.clusters.dns" } }),
  ];
  const plain = [edsCluster, partOf("cluster", "static", { type: "STATIC" }), listener];
  deepEqual([...warming, ...plain].map(warmsByItself), [true, true, true, true, false, false, false]);
  equal(composeResource([warming[0]!], { epoch: 1, sequence: 1 }).warmsByItself, true);
});
