import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { type ConfigState, emptyConfigState } from "@routeledger/config-model";
import { p256, p384 } from "@routeledger/config-model/testing";
import type { JsonObject } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import fc from "fast-check";
import * as samples from "./sample-objects.ts";
import { applyObjects, deleteObject, stateOf } from "./testing.ts";
import { translateAll } from "./translate-all.ts";
import { type TranslatedState, TranslationCache } from "./translation-cache.ts";

const { gateway, gatewayClass, http, httpRoute, rule, service, endpointSlice, referenceGrant, backend } =
  samples;
const { configMap, grpcRoute, tlsPolicy } = samples;

const names = fc.constantFrom("a", "b");
const namespaces = fc.constantFrom("default", "other");
const place = namespaces.map((namespace) => ({ namespace }));
const refs = fc.array(
  fc.record({
    name: names,
    namespace: namespaces,
    port: fc.constantFrom(80, 81),
    weight: fc.constantFrom(0, 1),
  }),
  { maxLength: 2 },
);
const parent = fc.constantFrom<JsonObject>(
  { name: "web", namespace: "default" },
  { name: "web", namespace: "other" },
);
const kinds = { from: ["Same", "All", "Selector"] as const };
const listener = fc
  .record({
    port: fc.constantFrom(8080, 8081),
    hostname: fc.constantFrom("", "*.io", "a.io"),
    from: fc.constantFrom(...kinds.from),
  })
  .map(({ port, hostname, from }) =>
    http(`${port}-${hostname}`, port, {
      ...(hostname === "" ? {} : { hostname }),
      allowedRoutes: { namespaces: { from, selector: { matchLabels: { team: "yes" } } } },
    }),
  );

const caCertificateRefs = ["a", "b"].map((name) => ({ group: "", kind: "ConfigMap", name }));

/** One object of a small world, in one of many forms. */
const object: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.tuple(fc.array(listener, { maxLength: 3 }), place).map(([listeners, at]) => gateway(listeners, {}, at)),
  fc
    .tuple(names, fc.subarray(["a.io", "*.io", "b.io"]), refs, parent, place)
    .map(([name, hostnames, backendRefs, parentRef, at]) =>
      httpRoute(name, { parentRefs: [parentRef], hostnames, rules: [rule("/", backendRefs)] }, at),
    ),
  fc
    .tuple(names, fc.subarray(["a.io", "*.io", "b.io"]), refs, parent, place, fc.constantFrom(1, 3))
    .map(([name, hostnames, backendRefs, parentRef, at, day]) =>
      grpcRoute(
        name,
        { parentRefs: [parentRef], hostnames, rules: [{ backendRefs }] },
        { ...at, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
      ),
    ),
  fc
    .tuple(names, fc.constantFrom("kubernetes.io/h2c", "http"), place)
    .map(([name, appProtocol, at]) =>
      service(name, { ports: [{ name: "http", port: 80, appProtocol }] }, at),
    ),
  fc
    .tuple(names, names, fc.constantFrom("127.0.0.1", "127.0.0.2"), place)
    .map(([name, of, address, at]) => endpointSlice(name, of, { endpoints: [{ addresses: [address] }] }, at)),
  fc.tuple(names, place).map(([name, at]) =>
    referenceGrant(
      name,
      {
        from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default" }],
        to: [{ group: "", kind: "Service", name }],
      },
      at,
    ),
  ),
  fc
    .tuple(names, fc.constantFrom(1, 2))
    .map(([name, port]) => backend(name, { endpoints: [{ ip: { address: "127.0.0.1", port } }] })),
  fc
    .tuple(names, names, fc.constantFrom("", "http"), place)
    .map(([name, of, sectionName, at]) =>
      tlsPolicy(name, [{ name: of, sectionName }], { caCertificateRefs }, at),
    ),
  fc
    .tuple(names, fc.constantFrom(p256.certificate, p384.certificate, "no PEM"), place)
    .map(([name, certificate, at]) => configMap(name, { "ca.crt": certificate }, at)),
  namespaces.chain((name) => fc.constantFrom("yes", "no").map((team) => samples.namespace(name, { team }))),
  fc
    .constantFrom("routeledger.dev/gateway", "example.com/other")
    .map((controllerName) => ({ ...gatewayClass, spec: { controllerName } })),
);

const step = fc.record({ change: fc.array(object, { minLength: 1, maxLength: 3 }), remove: fc.boolean() });

test("the cache never changes a result: any history translates as its last state alone does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const cache = new TranslationCache();
      let state: ConfigState = stateOf([gatewayClass]);
      for (const { change, remove } of steps) {
        state = remove ? change.reduce(deleteObject, state) : applyObjects(state, change);
        deepEqual(plain(state, cache), plain(state));
      }
    }),
    { numRuns: 200 },
  );
});

function plain(state: ConfigState, cache?: TranslationCache) {
  const { groups, statuses } = translateAll(state, cache);
  return {
    groups: [...groups].map(([name, parts]) => [
      name,
      [...parts.values()].map(({ bytes: _bytes, ...part }) => part),
    ]),
    statuses: [...statuses],
  };
}

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
