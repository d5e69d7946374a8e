import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import {
  backend,
  endpointSlice,
  gateway,
  gatewayClass,
  grpcRoute,
  http,
  httpRoute,
  service,
} from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const http2Options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const world = [gatewayClass, gateway([http("http", 8080)])];

function grpc(ref: JsonObject): JsonObject {
  return grpcRoute("grpc", { hostnames: ["grpc.io"], rules: [{ backendRefs: [ref] }] });
}

function web(ref: JsonObject): JsonObject {
  return httpRoute("web", { hostnames: ["web.io"], rules: [{ backendRefs: [ref] }] });
}

function port(appProtocol?: string): JsonObject {
  const said = appProtocol === undefined ? {} : { appProtocol };
  return { ports: [{ name: "http", port: 80, protocol: "TCP", ...said }] };
}

const a = { name: "a", port: 80 };

test("rule G75, G76: an HTTPRoute and a GRPCRoute to one port are two clusters with the same endpoints", () => {
  const translated = Translated.of(
    ...world,
    service("a", port()),
    endpointSlice("a-1", "a"),
    grpc(a),
    web(a),
  );
  const names = ["service/default/a/80", "service/default/a/80/h2"];
  deepEqual(translated.names("cluster"), names);
  deepEqual(translated.names("endpoint"), ["service/default/a/80"]);
  const [plain, http2] = names.map((name) => translated.cluster(name));
  deepEqual(Object.keys(plain?.typedExtensionProtocolOptions ?? {}), []);
  deepEqual(Object.keys(http2?.typedExtensionProtocolOptions ?? {}), [http2Options]);
  equal(http2?.edsClusterConfig?.serviceName, "service/default/a/80");
  deepEqual(translated.answers("grpc.io"), ["default/grpc/0/0 -> service/default/a/80/h2"]);
  deepEqual(translated.answers("web.io"), ["default/web/0/0 -> service/default/a/80"]);
});

test("rule G75: a port that says h2c is one cluster for both kinds", () => {
  const translated = Translated.of(...world, service("a", port("kubernetes.io/h2c")), grpc(a), web(a));
  deepEqual(translated.names("cluster"), ["service/default/a/80/h2"]);
});

test("rule G75: gRPC goes over HTTP/2 to a port that says something else, but not to one of websockets", () => {
  const reached = (appProtocol: string): string[] => {
    const translated = Translated.of(...world, service("a", port(appProtocol)), grpc(a));
    return [
      translated.answers("grpc.io")[0] ?? "",
      translated.routeConditions("GRPCRoute/default/grpc")[1] ?? "",
    ];
  };
  for (const appProtocol of ["http", "grpc", "example.com/own"]) {
    deepEqual(reached(appProtocol), [
      "default/grpc/0/0 -> service/default/a/80/h2",
      "ResolvedRefs=True ResolvedRefs",
    ]);
  }
  for (const appProtocol of ["kubernetes.io/ws", "kubernetes.io/wss"]) {
    deepEqual(reached(appProtocol), ["default/grpc/0/0 -> 503", "ResolvedRefs=False UnsupportedProtocol"]);
  }
});

test("rule G75, G76: a Backend is spoken to in HTTP/2 by a GRPCRoute, unless it is one of websockets", () => {
  const ref = { group: "gateway.envoyproxy.io", kind: "Backend", name: "b" };
  const endpoints = [{ ip: { address: "10.0.0.1", port: 50051 } }];
  const plain = Translated.of(...world, backend("b", { endpoints }), grpc(ref), web(ref));
  deepEqual(plain.names("cluster"), ["backend/default/b", "backend/default/b/h2"]);
  deepEqual(plain.names("endpoint"), ["backend/default/b"]);
  const websocket = Translated.of(
    ...world,
    backend("b", { endpoints, appProtocols: ["gateway.envoyproxy.io/ws"] }),
    grpc(ref),
  );
  equal(websocket.routeConditions("GRPCRoute/default/grpc")[1], "ResolvedRefs=False UnsupportedProtocol");
});
