import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { type ConfigState, emptyConfigState } from "@routeledger/config-model";
import type { Part } from "@routeledger/xds-model";
import * as samples from "./sample-objects.ts";
import { applyObjects, deleteObject } from "./testing.ts";
import { translateAll } from "./translate-all.ts";
import { type TranslatedState, TranslationCache } from "./translation-cache.ts";

const { gateway, gatewayClass, grpcRoute, http, httpRoute, rule, service, endpointSlice, referenceGrant } =
  samples;

const base = [
  gatewayClass,
  gateway([http("http", 8080)]),
  service("a"),
  service("b"),
  endpointSlice("a-1", "a"),
  httpRoute("one", { hostnames: ["one.io"], rules: [rule("/", [{ name: "a", port: 80 }])] }),
  httpRoute("two", { hostnames: ["two.io"], rules: [rule("/", [{ name: "b", port: 80 }])] }),
];

/** Parts of the Gateway that are other instances. */
function freshParts(before: TranslatedState, after: TranslatedState): Part[] {
  const known = new Set(before.groups.get("default/web")?.values());
  return [...(after.groups.get("default/web")?.values() ?? [])].filter((part) => !known.has(part));
}

test("a change is translated alone: what it does not touch is the same instance", () => {
  const cache = new TranslationCache();
  const state = applyObjects(emptyConfigState, base);
  const before = translateAll(state, cache);
  const slice = endpointSlice("a-1", "a", { endpoints: [{ addresses: ["127.0.0.9"] }] });
  const after = translateAll(applyObjects(state, [slice]), cache);
  const fresh = freshParts(before, after);
  deepEqual(
    fresh.map(({ type, resource }) => `${type} ${resource}`),
    ["endpoint service/default/a/80"],
  );
  for (const [key, status] of before.statuses) equal(after.statuses.get(key), status, key);
});

test("a route's change encodes its own virtual host and no other", () => {
  const cache = new TranslationCache();
  const state = applyObjects(emptyConfigState, base);
  const before = translateAll(state, cache);
  const route = httpRoute("one", { hostnames: ["one.io"], rules: [rule("/x", [{ name: "a", port: 80 }])] });
  const after = translateAll(applyObjects(state, [route]), cache);
  const fresh = freshParts(before, after);
  deepEqual(
    fresh.map(({ type, virtualHost }) => `${type} ${virtualHost}`),
    ["route one_io"],
  );
});

test("rule G16: a change that touches no host of two kinds leaves every other route's status the same instance", () => {
  const cache = new TranslationCache();
  const grpc = grpcRoute("three", { hostnames: ["one.io", "three.io"], rules: [{ backendRefs: [] }] });
  const state = applyObjects(emptyConfigState, [...base, grpc]);
  const before = translateAll(state, cache);
  const route = httpRoute("two", { hostnames: ["two.io"], rules: [rule("/x", [])] });
  const after = translateAll(applyObjects(state, [route]), cache);
  const changed = [...after.statuses].filter(([key, status]) => before.statuses.get(key) !== status);
  deepEqual(
    changed.map(([key]) => key).filter((key) => key.includes("Route/")),
    ["gateway.networking.k8s.io/HTTPRoute/default/two"],
  );
});

test("rule G69: a grant that is removed revokes in the next translation", () => {
  const there = { namespace: "other" };
  const grant = referenceGrant(
    "g",
    {
      from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default" }],
      to: [{ group: "", kind: "Service" }],
    },
    there,
  );
  const ref = { name: "c", namespace: "other", port: 80 };
  const route = httpRoute("one", { rules: [rule("/", [ref])] });
  const state = applyObjects(emptyConfigState, [...base, grant, service("c", {}, there), route]);
  const cache = new TranslationCache();
  const clusters = (of: ConfigState): string[] =>
    [...(translateAll(of, cache).groups.get("default/web")?.values() ?? [])]
      .filter(({ type }) => type === "cluster")
      .map(({ resource }) => resource);
  ok(clusters(state).includes("service/other/c/80"));
  const revoked = deleteObject(state, grant);
  notEqual(revoked, state);
  equal(clusters(revoked).includes("service/other/c/80"), false);
});
