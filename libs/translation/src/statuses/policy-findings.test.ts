import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { p256 } from "@routeledger/config-model/testing";
import type { JsonObject } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import {
  configMap,
  gateway,
  gatewayClass,
  http,
  httpRoute,
  rule,
  service,
  tlsPolicy,
} from "../sample-objects.ts";
import { applyObjects, deleteObject, stateOf } from "../testing.ts";
import { translateAll } from "../translate-all.ts";
import { Translated } from "../translated-state.ts";
import { TranslationCache } from "../translation-cache.ts";

const ca = configMap("ca", { "ca.crt": p256.certificate });
const listeners = [http("http", 8080)];
const ports = [
  { name: "one", port: 1 },
  { name: "two", port: 2 },
];
const rules = [rule("/1", [{ name: "a", port: 1 }]), rule("/2", [{ name: "a", port: 2 }])];
const base = [gatewayClass, gateway(listeners), service("a", { ports }), httpRoute("shop", { rules }), ca];

/** The hostnames that the two ports are asked for. */
function asked(translated: Translated): (string | undefined)[] {
  return [1, 2].map((port) => translated.upstreamTls(`service/default/a/${port}`)?.sni);
}

const section = (sectionName: string): JsonObject => ({ name: "a", sectionName });
const accepted = "Accepted=True Accepted";

test("rule G96: a policy for a port goes before one for the Service, whatever their ages, and both are accepted", () => {
  const older = { creationTimestamp: "2020-01-01T00:00:00Z" };
  const translated = Translated.of(
    ...base,
    tlsPolicy("all", ["a"], {}, older),
    tlsPolicy("two", [section("two")]),
  );
  deepEqual(asked(translated), ["all.example.com", "two.example.com"]);
  deepEqual(
    [translated.ancestorConditions("all")[0], translated.ancestorConditions("two")[0]],
    [accepted, accepted],
  );
});

test("rule G96: of one target the older policy counts, then the first by name; the others are Conflicted", () => {
  const older = { creationTimestamp: "2020-01-01T00:00:00Z" };
  for (const target of ["a", section("one")]) {
    const byAge = Translated.of(...base, tlsPolicy("a", [target]), tlsPolicy("b", [target], {}, older));
    equal(asked(byAge)[0], "b.example.com");
    equal(byAge.ancestorConditions("a")[0], "Accepted=False Conflicted");
    equal(byAge.ancestorConditions("b")[0], accepted);
    const byName = Translated.of(...base, tlsPolicy("b", [target]), tlsPolicy("a", [target]));
    equal(asked(byName)[0], "a.example.com");
    equal(byName.ancestorConditions("b")[0], "Accepted=False Conflicted");
  }
});

test("rule G96: when the winner goes, the loser counts", () => {
  const cache = new TranslationCache();
  const winner = tlsPolicy("a", ["a"]);
  const state = stateOf([...base, winner, tlsPolicy("b", ["a"])]);
  translateAll(state, cache);
  const { statuses } = translateAll(deleteObject(state, winner), cache);
  match(
    JSON.stringify(statuses.get("gateway.networking.k8s.io/BackendTLSPolicy/default/b")),
    /"Accepted","status":"True"/,
  );
  equal(statuses.has("gateway.networking.k8s.io/BackendTLSPolicy/default/a"), false);
});

test("rule G96: a section that the Service does not have does not attach", () => {
  const translated = Translated.of(...base, tlsPolicy("p", [section("three")]));
  deepEqual(asked(translated), [undefined, undefined]);
  deepEqual(translated.ancestorConditions("p"), [
    "Accepted=False TargetNotFound",
    "ResolvedRefs=True ResolvedRefs",
  ]);
});

test("rule G102: a Gateway is an ancestor only when a route that it takes reaches a target", () => {
  const elsewhere = service("b", { ports });
  const refused = httpRoute("far", { rules: [rule("/", [{ name: "b", port: 1 }])] }, { namespace: "far" });
  const translated = Translated.of(...base, elsewhere, refused, tlsPolicy("p", ["b"]));
  deepEqual(translated.status("BackendTLSPolicy/default/p"), {});
  const unreached = Translated.of(...base.slice(0, 3), ca, tlsPolicy("p", ["a"]));
  deepEqual(unreached.status("BackendTLSPolicy/default/p"), {});
});

test("rule G107: conditions of a policy carry its generation, and stay the same instance while nothing changes", () => {
  const cache = new TranslationCache();
  const key = "gateway.networking.k8s.io/BackendTLSPolicy/default/p";
  const state = stateOf([...base, tlsPolicy("p", ["a"])]);
  const before = translateAll(state, cache).statuses.get(key);
  const more = httpRoute("more", { rules: [rule("/more", [{ name: "a", port: 1 }])] });
  equal(translateAll(applyObjects(state, [more]), cache).statuses.get(key), before);
  const changed = applyObjects(state, [tlsPolicy("p", ["a"], { hostname: "other.example.com" })]);
  const status = JSON.stringify(translateAll(changed, cache).statuses.get(key));
  deepEqual(status.match(/"observedGeneration":\d+/g), ['"observedGeneration":2', '"observedGeneration":2']);
});

/** So many Gateways, each with a route to the same Service; the first is the youngest. */
function crowd(count: number): JsonObject[] {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const parentRefs = numbers.map((number) => ({ name: `g${number}` }));
  const gateways = numbers.map((number) => {
    const object = gateway(listeners);
    const creationTimestamp = `20${99 - number}-01-01T00:00:00Z`;
    return { ...object, metadata: { name: `g${number}`, namespace: "default", creationTimestamp } };
  });
  return [gatewayClass, ...gateways, service("a", { ports }), httpRoute("shop", { parentRefs, rules }), ca];
}

test("rule G102: the 17th Gateway is no ancestor: it says so itself, and does not reach the targets", () => {
  const policy = tlsPolicy("p", ["a"]);
  const full = Translated.of(...crowd(16), policy);
  equal(full.entries("BackendTLSPolicy/default/p", "ancestors").length, 16);
  ok(full.upstreamTls("service/default/a/1", "default/g0"));
  const over = Translated.of(...crowd(17), policy);
  const ancestors = over.entries("BackendTLSPolicy/default/p", "ancestors");
  deepEqual(ancestors.map(({ ancestorRef }) => (ancestorRef as JsonObject).name).includes("g0"), false);
  equal(ancestors.length, 16);
  const cluster = over.cluster("service/default/a/1", "default/g0");
  deepEqual([cluster.type, cluster.loadAssignment?.endpoints.length], [0, 0]);
  deepEqual(over.parts("endpoint", "default/g0"), []);
  deepEqual(over.parts("secret", "default/g0"), []);
  const said = over
    .entries("Gateway/default/g0", "conditions")
    .map(({ type, reason }) => `${type} ${reason}`);
  ok(said.includes("routeledger.dev/PoliciesAttached AncestorsFull"), said.join());
  ok(over.upstreamTls("service/default/a/1", "default/g16"));
  const conditions = over.entries("Gateway/default/g16", "conditions").map(({ type }) => type);
  equal(conditions.includes("routeledger.dev/PoliciesAttached"), false);
});

test("rule G102: a Gateway that goes makes room for the next, whatever the cache remembers", () => {
  const cache = new TranslationCache();
  const objects = crowd(17);
  const state = stateOf([...objects, tlsPolicy("p", ["a"])]);
  translateAll(state, cache);
  const after = deleteObject(state, objects[17] as JsonObject);
  const alone = translateAll(after);
  const followed = translateAll(after, cache);
  deepEqual([...followed.statuses], [...alone.statuses]);
  for (const [group, parts] of alone.groups) {
    const digests = (of: Iterable<Part>): string[] =>
      [...of].map(({ resource, digest }) => `${resource} ${digest}`);
    deepEqual(digests(followed.groups.get(group)?.values() ?? []), digests(parts.values()), group);
  }
  const status = alone.statuses.get("gateway.networking.k8s.io/BackendTLSPolicy/default/p");
  ok(JSON.stringify(status).includes('"g0"'));
});
