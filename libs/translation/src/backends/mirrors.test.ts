import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
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

const a = { name: "a", port: 80 };

function mirror(backendRef: JsonObject, more: JsonObject = {}): JsonObject {
  return { type: "RequestMirror", requestMirror: { backendRef, ...more } };
}

/** Rules of one route, with the Services a and b and whatever else. */
function translated(rules: JsonObject[], ...more: JsonObject[]): Translated {
  const services = [service("a"), service("b"), endpointSlice("b-1", "b")];
  return Translated.of(
    gatewayClass,
    gateway([http("http", 8080)]),
    ...services,
    httpRoute("shop", { rules }),
    ...more,
  );
}

function mirrored(filters: JsonObject[], ...more: JsonObject[]): string[] {
  const [route] = translated([rule("/", [a], { filters })], ...more).routes();
  return (route?.route?.requestMirrorPolicies ?? []).map(({ cluster, runtimeFraction }) => {
    const { numerator = 0, denominator = 0 } = runtimeFraction?.defaultValue ?? {};
    return `${cluster}${runtimeFraction === undefined ? "" : ` ${numerator}/${100 ** (denominator + 1)}`}`;
  });
}

test("rule G55: every mirror of a rule is a policy, in the order of the filters, and the host stays as it is", () => {
  const filters = [mirror({ name: "b", port: 80 }), mirror(a), mirror({ name: "b", port: 80 })];
  deepEqual(mirrored(filters), ["service/default/b/80", "service/default/a/80", "service/default/b/80"]);
  const [route] = translated([rule("/", [a], { filters })]).routes();
  for (const policy of route?.route?.requestMirrorPolicies ?? [])
    equal(policy.disableShadowHostSuffixAppend, true);
});

test("rule G55: a percentage and a fraction are said in one of Envoy's denominators", () => {
  const to = (more: JsonObject): string[] => mirrored([mirror({ name: "b", port: 80 }, more)]);
  const b = "service/default/b/80";
  deepEqual(to({}), [b]);
  deepEqual(to({ percent: 100 }), [b]);
  deepEqual(to({ fraction: { numerator: 7, denominator: 7 } }), [b]);
  deepEqual(to({ percent: 20 }), [`${b} 20/100`]);
  deepEqual(to({ fraction: { numerator: 25, denominator: 50 } }), [`${b} 50/100`]);
  deepEqual(to({ fraction: { numerator: 5 } }), [`${b} 5/100`]);
  deepEqual(to({ fraction: { numerator: 1, denominator: 1000 } }), [`${b} 10/10000`]);
  deepEqual(to({ fraction: { numerator: 1, denominator: 3 } }), [`${b} 333333/1000000`]);
  deepEqual(to({ fraction: { numerator: 1, denominator: 2_000_000_000 } }), [`${b} 1/1000000`]);
  const almostAll = { numerator: 1_999_999_999, denominator: 2_000_000_000 };
  deepEqual(to({ fraction: almostAll }), [`${b} 999999/1000000`]);
});

test("rule G55: a mirror of no requests is none, and needs no cluster", () => {
  for (const more of [{ percent: 0 }, { fraction: { numerator: 0, denominator: 3 } }]) {
    const state = translated([rule("/", [a], { filters: [mirror({ name: "b", port: 80 }, more)] })]);
    deepEqual(state.routes()[0]?.route?.requestMirrorPolicies, []);
    deepEqual(state.names("cluster"), ["service/default/a/80"]);
  }
});

test("rule G39: a part that is none of the requests' is refused", () => {
  for (const more of [
    { percent: -1 },
    { percent: 101 },
    { percent: 1.5 },
    { percent: 1, fraction: { numerator: 1 } },
    { fraction: { numerator: 2, denominator: 1 } },
    { fraction: { numerator: 0, denominator: 0 } },
    { fraction: 3 },
  ]) {
    const rules = [rule("/", [a], { filters: [mirror(a, more)] })];
    const state = Translated.raw([
      gatewayClass,
      gateway([http("http", 8080)]),
      service("a"),
      httpRoute("shop", { rules }),
    ]);
    deepEqual(state.answers(), ["default/shop/0/0 -> 500"], JSON.stringify(more));
    equal(state.routeConditions("shop")[0], "Accepted=False UnsupportedValue");
  }
});

test("P3: a mirror's backend is a cluster with endpoints, also where no rule forwards to it", () => {
  const state = translated([rule("/", [a], { filters: [mirror({ name: "b", port: 80 })] })]);
  deepEqual(state.names("cluster"), ["service/default/a/80", "service/default/b/80"]);
  deepEqual(state.endpoints("service/default/b/80"), ["127.0.0.2:3000"]);
});

test("rule G56: an invalid mirror is left out and said, and the rule goes on serving", () => {
  const filters = [mirror({ name: "gone", port: 80 }), mirror({ name: "b", port: 80 })];
  deepEqual(mirrored(filters), ["service/default/b/80"]);
  const state = translated([rule("/", [a], { filters })]);
  deepEqual(state.answers(), ["default/shop/0/0 -> service/default/a/80"]);
  deepEqual(state.routeConditions("shop"), ["Accepted=True Accepted", "ResolvedRefs=False BackendNotFound"]);
});

test("rule G68: a mirror to another namespace needs a grant", () => {
  const elsewhere = { name: "c", namespace: "other", port: 80 };
  const target = service("c", {}, { namespace: "other" });
  const rules = [rule("/", [a], { filters: [mirror(elsewhere)] })];
  deepEqual(mirrored([mirror(elsewhere)], target), []);
  deepEqual(translated(rules, target).routeConditions("shop")[1], "ResolvedRefs=False RefNotPermitted");
  const from = { group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default" };
  const grant = referenceGrant(
    "mirrors",
    { from: [from], to: [{ group: "", kind: "Service" }] },
    { namespace: "other" },
  );
  deepEqual(mirrored([mirror(elsewhere)], target, grant), ["service/other/c/80"]);
});

test("a mirror may be a Backend", () => {
  const target = backend("spy", { endpoints: [{ ip: { address: "127.0.0.9", port: 9000 } }] });
  const ref = { group: "gateway.envoyproxy.io", kind: "Backend", name: "spy" };
  deepEqual(mirrored([mirror(ref)], target), ["backend/default/spy"]);
});

test("rule G56: a mirror beside a redirect is incompatible, in the rule and in its backend", () => {
  const redirect = { type: "RequestRedirect", requestRedirect: {} };
  const both = { filters: [redirect, mirror(a)] };
  for (const rules of [[rule("/", [], both)], [rule("/", [{ ...a, ...both }])]]) {
    const state = translated(rules);
    equal(state.routeConditions("shop")[0], "Accepted=False IncompatibleFilters");
    deepEqual(state.answers(), ["default/shop/0/0 -> 500"]);
  }
});

test("rule G54: a mirror of a rule's only backend is the rule's, beside its own", () => {
  const own = { filters: [mirror(a)] };
  const state = translated([rule("/", [{ ...a, filters: [mirror({ name: "b", port: 80 })] }], own)]);
  const policies = state.routes()[0]?.route?.requestMirrorPolicies ?? [];
  deepEqual(
    policies.map(({ cluster }) => cluster),
    ["service/default/a/80", "service/default/b/80"],
  );
});

test("rule G54: a mirror of one of several backends is refused", () => {
  const refs = [
    { ...a, filters: [mirror(a)] },
    { name: "b", port: 80 },
  ];
  const state = translated([rule("/", refs)]);
  equal(state.routeConditions("shop")[0], "Accepted=False UnsupportedValue");
  deepEqual(state.answers(), ["default/shop/0/0 -> 500"]);
});

test("rule G56: where every request gets 500, nothing is mirrored", () => {
  const state = translated([rule("/", [], { filters: [mirror({ name: "b", port: 80 })] })]);
  deepEqual(state.answers(), ["default/shop/0/0 -> 500"]);
  deepEqual(state.names("cluster"), []);
});
