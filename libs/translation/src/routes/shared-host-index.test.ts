import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { type ConfigState, getObject, objectKey, refOf } from "@routeledger/config-model";
import { assert, type JsonObject } from "@routeledger/std";
import fc from "fast-check";
import { type GatewayView, viewGateway } from "../listeners/gateway-view.ts";
import { gateway, gatewayClass, grpcRoute, http, httpRoute } from "../sample-objects.ts";
import { StateReader } from "../state-reader.ts";
import { type AttachedRoute, attachedRoute } from "../statuses/findings.ts";
import { rawStateOf } from "../testing.ts";
import { attachRoute } from "./attach.ts";
import { SharedHostIndex } from "./shared-host-index.ts";
import { translateRoute } from "./translated-route.ts";

const listeners = [
  http("one", 8080, { hostname: "*.a.io" }),
  http("two", 8080),
  http("three", 8081, { hostname: "b.a.io" }),
];

function stored(state: ConfigState, object: JsonObject) {
  const found = getObject(state, refOf(object));
  assert(found !== undefined, "an object of the state");
  return found;
}

const gatewayObject = gateway(listeners);
const world = rawStateOf([gatewayClass, gatewayObject]);
const view: GatewayView = viewGateway(
  new StateReader(world),
  stored(world, gatewayObject),
  stored(world, gatewayClass),
);

function attached(route: JsonObject): AttachedRoute {
  const state = rawStateOf([route]);
  const object = stored(state, route);
  const translated = translateRoute(new StateReader(state), object);
  return attachedRoute(object, attachRoute(object, view, undefined), translated);
}

function keyOf(route: JsonObject): string {
  return objectKey(refOf(route));
}

function shownRoutes(routes: Iterable<AttachedRoute>): unknown[] {
  return [...routes]
    .map(({ key, parents, attachments }) => ({
      key,
      parents,
      listeners: attachments.map((one) => one.listeners.map(({ name }) => name)),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

const someRoute = fc
  .record({
    make: fc.constantFrom(httpRoute, grpcRoute),
    name: fc.constantFrom("a", "b", "c", "d"),
    hostnames: fc.subarray(["a.io", "*.a.io", "b.a.io", "c.b.a.io", "*.b.a.io", "d.io"], { maxLength: 2 }),
    day: fc.integer({ min: 1, max: 3 }),
    sections: fc.subarray(["one", "two", "three"], { minLength: 1 }),
    broken: fc.boolean(),
  })
  .map(({ make, name, hostnames, day, sections, broken }) => {
    const parentRefs = sections.map((sectionName) => ({ name: "web", sectionName }));
    const rules = broken ? [{ filters: [{ type: "Unknown" }] }] : [{}];
    const place = { creationTimestamp: `2026-01-0${day}T00:00:00Z` };
    return make(name, { hostnames, parentRefs, rules }, place);
  });

test("rule G16: after any changes the index has what one has that is made of the routes in another order", () => {
  const step = fc.array(fc.record({ route: someRoute, gone: fc.boolean() }), { minLength: 1, maxLength: 3 });
  let losers = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const index = new SharedHostIndex();
      const all = new Map<string, AttachedRoute>();
      for (const changes of steps) {
        for (const { route, gone } of changes) {
          const key = keyOf(route);
          if (gone) all.delete(key);
          else all.set(key, attached(route));
          index.replace(key, all.get(key));
        }
        const before = new Map(index.settled);
        const changed = new Set(index.settle());
        const whole = new SharedHostIndex();
        for (const [key, route] of [...all].reverse()) whole.replace(key, route);
        whole.settle();
        losers += [...whole.settled].filter(([key, route]) => all.get(key) !== route).length;
        deepEqual(shownRoutes(index.settled.values()), shownRoutes(whole.settled.values()));
        for (const [key, route] of index.settled) equal(before.get(key) !== route, changed.has(key), key);
      }
    }),
    { numRuns: 150 },
  );
  ok(losers > 100, `${losers} routes gave way`);
});

test("rule G16: a change decides nothing again but who contests with it", () => {
  const index = new SharedHostIndex();
  const routes = [
    httpRoute("a", { hostnames: ["x.a.io"] }),
    grpcRoute("b", { hostnames: ["x.a.io"] }),
    httpRoute("c", { hostnames: ["y.a.io"] }),
    grpcRoute("d", { hostnames: ["y.a.io"] }),
  ];
  for (const route of routes) index.replace(keyOf(route), attached(route));
  equal(index.settle().length, 4);
  const loser = index.settled.get(keyOf(routes[3] as JsonObject));
  index.replace(keyOf(routes[0] as JsonObject), undefined);
  deepEqual(index.settle().sort(), [routes[1], routes[0]].map((route) => keyOf(route as JsonObject)).sort());
  equal(index.settled.get(keyOf(routes[3] as JsonObject)), loser);
  notEqual(loser?.attachments[0]?.accepted.status, "True");
});
