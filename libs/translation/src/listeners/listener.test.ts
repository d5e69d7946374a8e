import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec, type decoded, toJson, unpackAnyAs } from "@routeledger/protos";
import { assert, canonicalJson, type JsonObject, type JsonValue } from "@routeledger/std";
import { backend, gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { messageNames, partJson } from "../testing.ts";
import { Translated } from "../translated-state.ts";
import { listenerName } from "./listener.ts";

const refs = [
  { name: "a", port: 80 },
  { name: "b", group: "gateway.envoyproxy.io", kind: "Backend" },
];
const translated = Translated.of(
  gatewayClass,
  gateway([http("one", 8080), http("two", 8080, { hostname: "a.io" }), http("three", 8081)]),
  httpRoute("shop", { rules: [rule("/", refs)] }),
  service("a"),
  backend("b", { endpoints: [{ ip: { address: "127.0.0.1", port: 80 } }] }),
);

const managerName = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

function listener(): decoded.envoy.config.listener.v3.Listener {
  const [part] = translated.parts("listener");
  assert(part !== undefined, "a listener");
  return codec("envoy.config.listener.v3.Listener").decode(part.bytes);
}

function manager(): JsonObject {
  const any = listener().filterChains[0]?.filters[0]?.typedConfig;
  assert(any !== undefined, "a connection manager");
  return toJson(managerName, unpackAnyAs(managerName, any)) as JsonObject;
}

test("listeners are named by transport, address and port, one for all hostnames of a port", () => {
  deepEqual(translated.names("listener"), ["tcp/0.0.0.0/8080", "tcp/0.0.0.0/8081"]);
  equal(listenerName("::1", 80), "tcp/[::1]/80");
});

test("rule G90: HTTP listeners of a port share one route table", () => {
  equal((manager().rds as JsonObject).routeConfigName, "http/8080");
  deepEqual(translated.names("route"), ["http/8080", "http/8081"]);
});

test("rule G115: paths are normalised before they are matched", () => {
  const { normalizePath, mergeSlashes, pathWithEscapedSlashesAction } = manager();
  deepEqual(
    [normalizePath, mergeSlashes, pathWithEscapedSlashesAction],
    [true, true, "UNESCAPE_AND_REDIRECT"],
  );
});

test("rule G116: the limits of an edge are set, and clients' addresses and x-envoy headers are not trusted", () => {
  const { useRemoteAddress, commonHttpProtocolOptions, http2ProtocolOptions, ...rest } = manager();
  equal(useRemoteAddress, true);
  deepEqual(commonHttpProtocolOptions, {
    idleTimeout: "3600s",
    headersWithUnderscoresAction: "REJECT_REQUEST",
  });
  deepEqual(http2ProtocolOptions, {
    maxConcurrentStreams: 100,
    initialStreamWindowSize: 65536,
    initialConnectionWindowSize: 1048576,
  });
  deepEqual(
    [rest.streamIdleTimeout, rest.requestHeadersTimeout, rest.requestTimeout],
    ["300s", "10s", "300s"],
  );
  equal(listener().perConnectionBufferLimitBytes?.value, 32_768);
  equal(translated.cluster("service/default/a/80").perConnectionBufferLimitBytes?.value, 32_768);
});

test("rule G118: the backend's Server header stays, and Envoy adds none of its own", () => {
  equal(manager().serverHeaderTransformation, "PASS_THROUGH");
  ok(canonicalJson(manager()).includes('"suppressEnvoyHeaders":true'));
});

test("rule G119: requests are logged with route, flags, cluster and node, lost connections by the listener", () => {
  const text = canonicalJson(manager().accessLog);
  for (const operator of [
    "%ROUTE_NAME%",
    "%RESPONSE_FLAGS%",
    "%UPSTREAM_CLUSTER_RAW%",
    "%CEL(xds.node.id)%",
  ]) {
    ok(text.includes(operator), operator);
  }
  deepEqual(listener().accessLog[0]?.filter?.responseFlagFilter?.flags, ["NR"]);
});

test("xds rule 44: every ConfigSource is the same, byte for byte", () => {
  const sources = new Set(translated.parts().flatMap((part) => configSources(partJson(part))));
  deepEqual([...sources], ['{"ads":{},"initialFetchTimeout":"15s","resourceApiVersion":"V3"}']);
});

function configSources(value: JsonValue): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === "configSource" || name === "edsConfig" ? [canonicalJson(member)] : configSources(member),
  );
}

test("the bytes of a part are those of its resource's name", () => {
  for (const part of translated.parts().filter(({ virtualHost }) => virtualHost === "")) {
    const decodedPart = codec(messageNames[part.type]).decode(part.bytes) as {
      name?: string;
      clusterName?: string;
    };
    equal(decodedPart.clusterName ?? decodedPart.name, part.resource);
  }
});
