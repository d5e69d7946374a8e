import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const a = [{ name: "a", port: 80 }];
const extension = {
  filters: [{ type: "ExtensionRef", extensionRef: { group: "x.io", kind: "X", name: "x" } }],
};

function routed(rules: JsonObject[]): Translated {
  return Translated.of(
    gatewayClass,
    gateway([http("http", 8080)]),
    service("a"),
    httpRoute("shop", { rules }),
  );
}

test("rule G62: some rules dropped is accepted and partially invalid, and their matches answer 500", () => {
  const translated = routed([rule("/", a), rule("/secret", a, extension)]);
  deepEqual(translated.answers(), ["default/shop/1/0 -> 500", "default/shop/0/0 -> service/default/a/80"]);
  deepEqual(translated.routeConditions("shop"), [
    "Accepted=True Accepted",
    "PartiallyInvalid=True UnsupportedValue",
    "ResolvedRefs=True ResolvedRefs",
  ]);
  const [parent] = translated.entries("HTTPRoute/default/shop", "parents");
  const partial = ((parent?.conditions ?? []) as JsonObject[]).find(
    ({ type }) => type === "PartiallyInvalid",
  );
  ok(String(partial?.message).startsWith("Dropped Rule: rules[1].filters[0]"), String(partial?.message));
});

test("rule G62: all rules dropped is not accepted, still answers 500, and is not counted as attached", () => {
  const translated = routed([rule("/secret", a, extension)]);
  deepEqual(translated.answers(), ["default/shop/0/0 -> 500"]);
  equal(translated.routeConditions("shop")[0], "Accepted=False UnsupportedValue");
  equal(translated.listener("http").attachedRoutes, 0);
});

test("rule G28: a match that cannot be said is left out, the others of its rule answer 500", () => {
  const matches = [
    { path: { type: "RegularExpression", value: "(" } },
    { path: { type: "Exact", value: "/x" } },
  ];
  const translated = routed([rule("/", a), { matches, backendRefs: a }]);
  deepEqual(translated.answers(), ["default/shop/1/1 -> 500", "default/shop/0/0 -> service/default/a/80"]);
});

test("rule G54: a rewrite of the only backend is the rule's, of one of several is not served", () => {
  const rewriting = {
    name: "a",
    port: 80,
    filters: [{ type: "URLRewrite", urlRewrite: { hostname: "b.io" } }],
  };
  equal(routed([rule("/", [rewriting])]).routes()[0]?.route?.hostRewriteLiteral, "b.io");
  deepEqual(routed([rule("/", [rewriting, ...a])]).answers(), ["default/shop/0/0 -> 500"]);
});

test("rule G44: header filters of the only backend stay with its share", () => {
  const filters = [
    { type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: "x", value: "1" }] } },
  ];
  const [route] = routed([rule("/", [{ name: "a", port: 80, filters }])]).routes();
  equal(route?.route?.weightedClusters?.clusters[0]?.requestHeadersToAdd[0]?.header?.key, "x");
  deepEqual(route?.requestHeadersToAdd, []);
});

test("rule G84: a session that is asked for and not served drops the rule", () => {
  const state = routed([rule("/", a, { sessionPersistence: { sessionName: "s" } })]);
  deepEqual(state.answers(), ["default/shop/0/0 -> 500"]);
  equal(state.routeConditions("shop")[0], "Accepted=False UnsupportedValue");
});

test("rule G110: a reason comes by rank and messages are sorted, whatever the order of the rules", () => {
  const bad = [
    rule("/m", [{ name: "missing", port: 80 }]),
    rule("/p", [{ name: "a", namespace: "x", port: 80 }]),
  ];
  equal(routed(bad).routeConditions("shop")[1], "ResolvedRefs=False RefNotPermitted");
  equal(routed(bad.toReversed()).routeConditions("shop")[1], "ResolvedRefs=False RefNotPermitted");
});
