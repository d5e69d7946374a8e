import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { gateway, gatewayClass, grpcRoute, grpcRule, http, service } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const a = { name: "a", port: 80 };
const missing = { name: "missing", port: 80 };
const world = [gatewayClass, gateway([http("http", 8080)]), service("a")];

function routed(...rules: JsonObject[]): Translated {
  return Translated.of(...world, grpcRoute("shop", { rules }));
}

function conditions(translated: Translated): string[] {
  return translated.routeConditions("GRPCRoute/default/shop");
}

function message(translated: Translated, type: string): string {
  const [parent] = translated.entries("GRPCRoute/default/shop", "parents");
  const list = (parent?.conditions ?? []) as { type: string; message: string }[];
  return list.find((one) => one.type === type)?.message ?? "";
}

const all = ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs"];

test("rule G6: a GRPCRoute is accepted by a listener of HTTP, counted, and routed by service and method", () => {
  const translated = routed(
    grpcRule({ service: "x.Echo" }, [a]),
    grpcRule({ service: "x.Echo", method: "Do" }, [a], { name: "named" }),
  );
  deepEqual(conditions(translated), all);
  equal(translated.listener("http").attachedRoutes, 1);
  deepEqual(translated.answers(), [
    "default/shop/named/0 -> service/default/a/80/h2",
    "default/shop/0/0 -> service/default/a/80/h2",
  ]);
});

test("rule G38: a rule without matches is every request", () => {
  const [route] = routed({ backendRefs: [a] }).routes();
  equal(route?.match?.prefix, "/");
});

test("rule G80: a gRPC request has no time limit of its own", () => {
  const [route] = routed({ backendRefs: [a] }).routes();
  deepEqual(route?.route?.timeout, { seconds: 0, nanos: 0 });
});

test("rule G64: what cannot be served answers 503, which is UNAVAILABLE to gRPC", () => {
  const cases: readonly JsonValue[][] = [[], [missing], [{ ...a, weight: 0 }]];
  for (const backendRefs of cases) {
    const translated = routed({ backendRefs });
    deepEqual(translated.answers(), ["default/shop/0/0 -> 503"]);
    equal(conditions(translated)[0], "Accepted=True Accepted");
  }
  equal(conditions(routed({ backendRefs: [missing] }))[1], "ResolvedRefs=False BackendNotFound");
});

test("rule G64, G65: the share of an invalid backend gets 503", () => {
  const translated = routed({ backendRefs: [{ ...a, weight: 3 }, missing] });
  deepEqual(translated.answers(), [
    "default/shop/0/0 -> service/default/a/80/h2=3 routeledger/invalid-backend=1",
  ]);
  // The first value of the enum.
  equal(translated.routes()[0]?.route?.clusterNotFoundResponseCode, 0);
});

test("rule G41, G44: header modifiers of a rule and of a backendRef", () => {
  const set = (name: string): JsonObject => ({ set: [{ name, value: "1" }] });
  const translated = routed({
    filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: set("X-Rule") }],
    backendRefs: [
      { ...a, filters: [{ type: "ResponseHeaderModifier", responseHeaderModifier: set("X-Backend") }] },
    ],
  });
  const [route] = translated.routes();
  equal(route?.requestHeadersToAdd[0]?.header?.key, "x-rule");
  const [share] = route?.route?.weightedClusters?.clusters ?? [];
  equal(share?.responseHeadersToAdd[0]?.header?.key, "x-backend");
});

test("rule G55, G56: a mirror speaks HTTP/2, too, and one that is invalid is left out", () => {
  const mirror = (backendRef: JsonObject): JsonObject => ({
    type: "RequestMirror",
    requestMirror: { backendRef },
  });
  const translated = Translated.of(
    ...world,
    service("b"),
    grpcRoute("shop", {
      rules: [{ filters: [mirror({ name: "b", port: 80 }), mirror(missing)], backendRefs: [a] }],
    }),
  );
  const [route] = translated.routes();
  deepEqual(
    route?.route?.requestMirrorPolicies.map(({ cluster }) => cluster),
    ["service/default/b/80/h2"],
  );
  deepEqual(conditions(translated), ["Accepted=True Accepted", "ResolvedRefs=False BackendNotFound"]);
  deepEqual(translated.names("cluster"), ["service/default/a/80/h2", "service/default/b/80/h2"]);
});

test("rule G61, G62: a rule with a filter that nobody resolves answers 503, and the others go on", () => {
  const extensionRef = { group: "example.com", kind: "Filter", name: "auth" };
  const translated = routed(
    grpcRule({ service: "x.Echo" }, [a], { filters: [{ type: "ExtensionRef", extensionRef }] }),
    grpcRule({ service: "x.Open" }, [a]),
  );
  deepEqual(translated.answers(), ["default/shop/0/0 -> 503", "default/shop/1/0 -> service/default/a/80/h2"]);
  deepEqual(conditions(translated), [
    "Accepted=True Accepted",
    "PartiallyInvalid=True UnsupportedValue",
    "ResolvedRefs=True ResolvedRefs",
  ]);
  ok(message(translated, "PartiallyInvalid").startsWith("Dropped Rule: rules[0].filters[0]"));
});

test("rule G39: fields and filters that a GRPCRoute has not, or that are not served, are refused, never skipped", () => {
  const refused: readonly [JsonObject, string][] = [
    [{ sessionPersistence: { type: "Cookie" } }, "rules[0].sessionPersistence"],
    [{ timeouts: { request: "1s" } }, "rules[0].timeouts"],
    [{ retry: { attempts: 2 } }, "rules[0].retry"],
    [{ matches: [{ method: { type: "Prefix", service: "x" } }] }, "rules[0].matches[0].method.type"],
    [{ filters: [{ type: "URLRewrite", urlRewrite: { hostname: "a.io" } }] }, "URLRewrite"],
    [{ filters: [{ type: "RequestRedirect", requestRedirect: {} }], backendRefs: [] }, "RequestRedirect"],
  ];
  for (const [fields, says] of refused) {
    const translated = Translated.raw([
      ...world,
      grpcRoute("shop", { rules: [{ backendRefs: [a], ...fields }] }),
    ]);
    equal(conditions(translated)[0], "Accepted=False UnsupportedValue");
    ok(message(translated, "Accepted").includes(says), message(translated, "Accepted"));
    ok(translated.answers().every((answer) => answer.endsWith("-> 503")));
    deepEqual(translated.names("cluster"), []);
  }
});

test("rule G2, G5: a GRPCRoute chooses listeners by name, port and kind", () => {
  const only = (kind: string): JsonObject => ({ allowedRoutes: { kinds: [{ kind }] } });
  const listeners = [http("grpc", 8080, only("GRPCRoute")), http("web", 8081, only("HTTPRoute"))];
  const at = (parentRef: JsonObject): Translated =>
    Translated.of(
      gatewayClass,
      gateway(listeners),
      service("a"),
      grpcRoute("shop", { parentRefs: [{ name: "web", ...parentRef }], rules: [{ backendRefs: [a] }] }),
    );
  deepEqual(conditions(at({})), all);
  deepEqual(conditions(at({ sectionName: "grpc", port: 8080 })), all);
  equal(conditions(at({ sectionName: "web" }))[0], "Accepted=False NotAllowedByListeners");
  equal(conditions(at({ port: 9000 }))[0], "Accepted=False NoMatchingParent");
  equal(at({}).routes("*", 8080).length, 1);
  deepEqual(at({}).routes("*", 8081), []);
});

test("rule G40: routes of a host are ordered by service, method, headers, age", () => {
  const route = (name: string, day: string, rules: JsonObject[]): JsonObject =>
    grpcRoute(name, { rules }, { creationTimestamp: `2026-01-${day}T00:00:00Z` });
  const header = { name: "version", value: "two" };
  const translated = Translated.of(
    ...world,
    route("young", "02", [
      grpcRule({ service: "x.Echo", method: "Do" }, [a]),
      { matches: [{}], backendRefs: [a] },
    ]),
    route("old", "01", [
      { matches: [{ headers: [header] }], backendRefs: [a] },
      grpcRule({ method: "Do" }, [a]),
      { backendRefs: [a] },
    ]),
  );
  deepEqual(
    translated.routes().map(({ name }) => name),
    ["default/young/0/0", "default/old/1/0", "default/old/0/0", "default/old/2/0", "default/young/1/0"],
  );
});
