import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@routeledger/std";
import {
  backend,
  endpointSlice,
  gateway,
  gatewayClass,
  http,
  httpRoute,
  referenceGrant,
  rule,
  service,
} from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const web = [gatewayClass, gateway([http("http", 8080)])];

/** One route with one rule on these backends. */
function routed(backendRefs: JsonValue[], ...objects: JsonObject[]): Translated {
  return Translated.of(...web, httpRoute("shop", { rules: [rule("/", backendRefs)] }), ...objects);
}

function answer(translated: Translated): string {
  return translated.answers()[0]?.replace("default/shop/0/0 -> ", "") ?? "";
}

test("rule G64: an invalid backend is 500 with its reason, and the route stays accepted", () => {
  const reasons: [JsonObject, string][] = [
    [{ name: "missing", port: 80 }, "BackendNotFound"],
    [{ name: "a", port: 81 }, "BackendNotFound"],
    [{ name: "a" }, "BackendNotFound"],
    [{ name: "a", port: 80, namespace: "elsewhere" }, "RefNotPermitted"],
    [{ name: "a", port: 80, kind: "Store", group: "example.com" }, "InvalidKind"],
    [{ name: "external", port: 80 }, "UnsupportedValue"],
    [{ name: "ports", port: 53 }, "UnsupportedProtocol"],
    [{ name: "ports", port: 443 }, "UnsupportedProtocol"],
  ];
  const ports = [
    { name: "dns", port: 53, protocol: "UDP" },
    { name: "tls", port: 443, appProtocol: "https" },
  ];
  const objects = [service("a"), service("external", { type: "ExternalName" }), service("ports", { ports })];
  for (const [ref, reason] of reasons) {
    const translated = routed([ref], ...objects);
    deepEqual(translated.routeConditions("shop"), ["Accepted=True Accepted", `ResolvedRefs=False ${reason}`]);
    equal(answer(translated), "500");
    deepEqual(translated.names("cluster"), []);
  }
});

test("rule G64: no backends and no redirect is 500, and nothing is unresolved", () => {
  const translated = routed([]);
  equal(answer(translated), "500");
  equal(translated.routeConditions("shop")[1], "ResolvedRefs=True ResolvedRefs");
});

test("rule G65: the share of invalid backends goes to the cluster that never exists, and answers 500", () => {
  const translated = routed(
    [
      { name: "a", port: 80, weight: 3 },
      { name: "missing", port: 80 },
      { name: "gone", port: 80, weight: 2 },
    ],
    service("a"),
  );
  equal(answer(translated), "service/default/a/80=3 routeledger/invalid-backend=3");
  equal(translated.routes()[0]?.route?.clusterNotFoundResponseCode, 2);
  const valid = routed([{ name: "a", port: 80 }], service("a"));
  equal(valid.routes()[0]?.route?.clusterNotFoundResponseCode, 0);
});

test("rule G66: weight 0 is no request, and all 0 is 500", () => {
  const ref = (name: string, weight: number): JsonObject => ({ name, port: 80, weight });
  const objects = [service("a"), service("b")];
  equal(answer(routed([ref("a", 0)], ...objects)), "500");
  equal(answer(routed([ref("a", 0), ref("b", 0)], ...objects)), "500");
  equal(
    answer(routed([ref("a", 0), ref("b", 1)], ...objects)),
    "service/default/a/80=0 service/default/b/80=1",
  );
  equal(answer(routed([ref("missing", 0), ref("b", 1)], ...objects)), "service/default/b/80");
  equal(answer(routed([ref("a", 0), ref("missing", 1)], ...objects)), "500");
});

test("rule G67: a Service without endpoints keeps its cluster and has an empty assignment", () => {
  const translated = routed([{ name: "a", port: 80 }], service("a"));
  deepEqual(translated.routeConditions("shop")[1], "ResolvedRefs=True ResolvedRefs");
  deepEqual(translated.endpoints("service/default/a/80"), []);
});

test("rule G68: a grant needs its from and its to in one object, and several add up", () => {
  const from = (namespace: string): JsonObject => ({
    group: "gateway.networking.k8s.io",
    kind: "HTTPRoute",
    namespace,
  });
  const to = (name?: string): JsonObject => ({
    group: "",
    kind: "Service",
    ...(name === undefined ? {} : { name }),
  });
  const grant = (name: string, spec: JsonObject): JsonObject =>
    referenceGrant(name, spec, { namespace: "elsewhere" });
  const there = { namespace: "elsewhere" };
  const permitted = (...grants: JsonObject[]): boolean =>
    answer(routed([{ name: "a", namespace: "elsewhere", port: 80 }], service("a", {}, there), ...grants)) !==
    "500";
  equal(permitted(), false);
  equal(permitted(grant("g", { from: [from("default")], to: [to()] })), true);
  equal(permitted(grant("g", { from: [from("other"), from("default")], to: [to("b"), to("a")] })), true);
  equal(permitted(grant("g", { from: [from("default")], to: [to("b")] })), false);
  equal(permitted(grant("g", { from: [from("other")], to: [to()] })), false);
  const split = [
    grant("g", { from: [from("default")], to: [to("b")] }),
    grant("h", { from: [from("other")], to: [to("a")] }),
  ];
  equal(permitted(...split), false);
  equal(permitted(...split, grant("i", { from: [from("default")], to: [to("a")] })), true);
  const elsewhere = referenceGrant("g", { from: [from("default")], to: [to()] });
  equal(permitted(elsewhere), false);
});

test("rule G75, G76: HTTP/2 is another cluster with the same endpoints, and takes no websocket", () => {
  const ports = [
    { name: "h2", port: 80, protocol: "TCP", appProtocol: "kubernetes.io/h2c" },
    { name: "ws", port: 81, protocol: "TCP", appProtocol: "kubernetes.io/ws" },
  ];
  const slice = endpointSlice("a-1", "a", { ports: [{ name: "h2", port: 3000 }] });
  const translated = routed([{ name: "a", port: 80 }], service("a", { ports }), slice);
  deepEqual(translated.names("cluster"), ["service/default/a/80/h2"]);
  deepEqual(translated.names("endpoint"), ["service/default/a/80"]);
  equal(translated.cluster("service/default/a/80/h2").edsClusterConfig?.serviceName, "service/default/a/80");
  const [upgrade] = translated.routes()[0]?.route?.upgradeConfigs ?? [];
  deepEqual([upgrade?.upgradeType, upgrade?.enabled?.value], ["websocket", false]);
  const websocket = routed([{ name: "a", port: 81 }], service("a", { ports }));
  deepEqual(websocket.names("cluster"), ["service/default/a/81"]);
  deepEqual(websocket.routes()[0]?.route?.upgradeConfigs, []);
});

test("a Backend of addresses is served over EDS, one of names by DNS, a mixture by neither", () => {
  const ip = { ip: { address: "127.0.0.1", port: 9000 } };
  const fqdn = { fqdn: { hostname: "a.example.com", port: 80 } };
  const to = (name: string): JsonObject => ({ group: "gateway.envoyproxy.io", kind: "Backend", name });
  const addresses = routed([to("b")], backend("b", { endpoints: [ip] }));
  deepEqual(addresses.endpoints("backend/default/b"), ["127.0.0.1:9000"]);
  equal(answer(addresses), "backend/default/b");
  const names = routed([to("b")], backend("b", { endpoints: [fqdn] }));
  deepEqual(names.parts("endpoint"), []);
  equal(names.cluster("backend/default/b").type, 1);
  const mixed = routed([to("b")], backend("b", { endpoints: [ip, fqdn] }));
  equal(answer(mixed), "500");
  const [condition] = mixed.entries("gateway.envoyproxy.io/Backend/default/b", "conditions");
  deepEqual([condition?.status, condition?.reason], ["False", "Invalid"]);
});
