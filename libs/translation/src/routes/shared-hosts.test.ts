import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import * as fc from "fast-check";
import { covers, intersect } from "../hostnames.ts";
import { gateway, gatewayClass, grpcRoute, http, httpRoute, service } from "../sample-objects.ts";
import { applyObjects, stateOf } from "../testing.ts";
import { translateAll } from "../translate-all.ts";
import { Translated } from "../translated-state.ts";
import { TranslationCache } from "../translation-cache.ts";

const rules = [{ backendRefs: [{ name: "a", port: 80 }] }];
const listeners = [http("one", 8080), http("two", 8081)];
const world = [gatewayClass, gateway(listeners), service("a")];

type Place = Parameters<typeof httpRoute>[2];

function web(name: string, hostnames: string[], spec: JsonObject = {}, place: Place = {}): JsonObject {
  return httpRoute(name, { hostnames, rules, ...spec }, place);
}

function grpc(name: string, hostnames: string[], spec: JsonObject = {}, place: Place = {}): JsonObject {
  return grpcRoute(name, { hostnames, rules, ...spec }, place);
}

const older = { creationTimestamp: "2025-01-01T00:00:00Z" };
const accepted = "Accepted=True Accepted";
const lost = "Accepted=False NoMatchingListenerHostname";

function accepts(translated: Translated, ...routes: string[]): (string | undefined)[] {
  return routes.map((route) => translated.routeConditions(route)[0]);
}

function message(translated: Translated, key: string): string {
  const [parent] = translated.entries(key, "parents");
  const [first] = (parent?.conditions ?? []) as { message: string }[];
  return first?.message ?? "";
}

const both = ["HTTPRoute/default/r", "GRPCRoute/default/r"] as const;

test("rule G16: of an HTTPRoute and a GRPCRoute on one host the older is accepted, and it alone is served", () => {
  const grpcFirst = Translated.of(...world, web("r", ["x.io"]), grpc("r", ["x.io"], {}, older));
  deepEqual(accepts(grpcFirst, ...both), [lost, accepted]);
  equal(grpcFirst.routeConditions("r")[1], "ResolvedRefs=True ResolvedRefs");
  deepEqual(grpcFirst.answers("x.io"), ["default/r/0/0 -> service/default/a/80/h2"]);
  equal(grpcFirst.listener("one").attachedRoutes, 1);
  const webFirst = Translated.of(...world, web("r", ["x.io"], {}, older), grpc("r", ["x.io"]));
  deepEqual(accepts(webFirst, ...both), [accepted, lost]);
  deepEqual(webFirst.answers("x.io"), ["default/r/0/0 -> service/default/a/80"]);
  deepEqual(webFirst.names("cluster"), ["service/default/a/80"]);
});

test("rule G16: of one age the first by namespace and name is accepted", () => {
  const translated = Translated.of(...world, web("b", ["x.io"]), grpc("a", ["x.io"]), web("c", ["y.io"]));
  deepEqual(accepts(translated, "b", "GRPCRoute/default/a", "c"), [lost, accepted, accepted]);
  const [first] = accepts(Translated.of(...world, web("a", ["x.io"]), grpc("b", ["x.io"])), "a");
  equal(first, accepted);
});

test("rule G16: a host in common is enough, by wildcards and by no hostnames at all", () => {
  for (const [mine, theirs, shared] of [
    [["a.x.io"], ["*.x.io"], true],
    [["*.x.io"], ["a.b.x.io", "z.io"], true],
    [["*.x.io"], ["*.a.x.io"], true],
    [[], ["z.io"], true],
    [["z.io"], [], true],
    [[], [], true],
    [["X.io"], ["x.IO"], true],
    [["x.io"], ["*.x.io"], false],
    [["a.io"], ["b.io"], false],
  ] as const) {
    const translated = Translated.of(...world, web("r", [...mine]), grpc("r", [...theirs], {}, older));
    deepEqual(accepts(translated, ...both), [shared ? lost : accepted, accepted], `${mine} ${theirs}`);
  }
});

test("rule G7, G16: hostnames that a listener does not cover are no conflict there", () => {
  const narrow = gateway([http("one", 8080, { hostname: "*.bar.io" })]);
  const translated = Translated.of(
    gatewayClass,
    narrow,
    service("a"),
    web("r", ["x.bar.io", "*.foo.io"]),
    grpc("r", ["y.bar.io", "z.foo.io"], {}, older),
  );
  deepEqual(accepts(translated, ...both), [accepted, accepted]);
});

test("rule G3, G16: a route that loses one listener serves at the others, and says where it does not", () => {
  const translated = Translated.of(
    ...world,
    web("r", ["x.io"]),
    grpc("r", ["x.io"], { parentRefs: [{ name: "web", sectionName: "two" }] }, older),
  );
  deepEqual(accepts(translated, ...both), [accepted, accepted]);
  ok(message(translated, both[0]).startsWith("listener two: x.io is served by GRPCRoute default/r"));
  deepEqual(translated.answers("x.io", 8080), ["default/r/0/0 -> service/default/a/80"]);
  deepEqual(translated.answers("x.io", 8081), ["default/r/0/0 -> service/default/a/80/h2"]);
  deepEqual([translated.listener("one").attachedRoutes, translated.listener("two").attachedRoutes], [1, 1]);
});

test("rule G16: who gave way reserves nothing", () => {
  const day = (date: string): Place => ({ creationTimestamp: `2025-01-${date}T00:00:00Z` });
  const translated = Translated.of(
    ...world,
    web("first", ["x.io"], {}, day("01")),
    grpc("second", ["x.io", "y.io"], {}, day("02")),
    web("third", ["y.io"], {}, day("03")),
  );
  deepEqual(accepts(translated, "first", "GRPCRoute/default/second", "third"), [accepted, lost, accepted]);
});

test("rule G16: a route that is not accepted anyway gives way, and keeps its own reason", () => {
  const broken = [{ filters: [{ type: "Unknown" }], ...rules[0] }];
  const objects = [...world, web("r", ["x.io"], { rules: broken }, older), grpc("r", ["x.io"])];
  const translated = Translated.raw(objects);
  deepEqual(accepts(translated, ...both), ["Accepted=False UnsupportedValue", accepted]);
  deepEqual(translated.answers("x.io"), ["default/r/0/0 -> service/default/a/80/h2"]);
});

test("rule G110: the winner of another namespace is not named", () => {
  const open = http("one", 8080, { allowedRoutes: { namespaces: { from: "All" } } });
  const parentRefs = [{ name: "web", namespace: "default" }];
  const translated = Translated.of(
    gatewayClass,
    gateway([open]),
    web("r", ["x.io"]),
    grpc("secret", ["x.io"], { parentRefs }, { ...older, namespace: "other" }),
  );
  const said = message(translated, both[0]);
  ok(said.includes("a GRPCRoute of another namespace") && !said.includes("secret"), said);
});

test("rule G69, G16: the loser is accepted at once when the winner goes or moves", () => {
  const cache = new TranslationCache();
  const first = stateOf([...world, web("r", ["x.io"]), grpc("r", ["x.io"], {}, older)]);
  translateAll(first, cache);
  const moved = applyObjects(first, [grpc("r", ["y.io"], {}, older)]);
  deepEqual(translateAll(moved, cache).statuses, translateAll(moved).statuses);
  deepEqual(accepts(new Translated(moved), ...both), [accepted, accepted]);
  // The loser is the same, what it lost is another host.
  const wider = applyObjects(first, [grpc("r", ["*.io"], {}, older)]);
  deepEqual(translateAll(wider, cache).statuses, translateAll(wider).statuses);
  deepEqual(translateAll(first, cache).statuses, translateAll(first).statuses);
});

const hosts = fc.subarray(["a.io", "*.a.io", "b.a.io", "c.b.a.io", "*.b.a.io", "d.io"], { maxLength: 3 });
const ages = fc.integer({ min: 1, max: 3 });
const sections: fc.Arbitrary<string> = fc.constantFrom("one", "two", "three");
const someRoute = fc.record({
  kind: fc.constantFrom("HTTPRoute", "GRPCRoute"),
  name: fc.constantFrom("a", "b", "c", "d"),
  hosts,
  age: ages,
  sections: fc.uniqueArray(sections, { minLength: 1, maxLength: 3 }),
  broken: fc.boolean(),
});
type SomeRoute = typeof someRoute extends fc.Arbitrary<infer Value> ? Value : never;

const threeListeners = [
  http("one", 8080, { hostname: "*.a.io" }),
  http("two", 8080),
  http("three", 8081, { hostname: "b.a.io" }),
];
const listenerHosts: Readonly<Record<string, string>> = { one: "*.a.io", two: "*", three: "b.a.io" };

function objectOf({ kind, name, hosts: hostnames, age, sections: names, broken }: SomeRoute): JsonObject {
  const make = kind === "HTTPRoute" ? httpRoute : grpcRoute;
  const spec = {
    hostnames,
    parentRefs: names.map((sectionName) => ({ name: "web", sectionName })),
    rules: broken ? [{ filters: [{ type: "Unknown" }] }] : rules,
  };
  return make(name, spec, { creationTimestamp: `2026-01-0${age}T00:00:00Z` });
}

function namesAt(route: SomeRoute, section: string): string[] {
  const written = route.hosts.length === 0 ? ["*"] : route.hosts;
  return written.flatMap((name) => intersect(name, listenerHosts[section] ?? "") ?? []);
}

function meet(a: SomeRoute, b: SomeRoute, section: string): boolean {
  const theirs = namesAt(b, section);
  return namesAt(a, section).some((name) => theirs.some((one) => covers(one, name) || covers(name, one)));
}

/** The specification's order, as text. */
function orderOf({ age, name, kind }: SomeRoute): string {
  return `${age} default/${name} ${kind}`;
}

test("rule G16: at no listener are two kinds accepted on one host, and whoever is refused has a rival that comes first", () => {
  const key = ({ kind, name }: SomeRoute): string => `${kind}/default/${name}`;
  fc.assert(
    fc.property(fc.uniqueArray(someRoute, { selector: key, maxLength: 8 }), (routes) => {
      const objects = [gatewayClass, gateway(threeListeners), service("a"), ...routes.map(objectOf)];
      const translated = Translated.raw(objects);
      const isAccepted = (route: SomeRoute, section: string): boolean =>
        route.sections.includes(section) &&
        translated.routeConditions(key(route), route.sections.indexOf(section))[0] === accepted;
      for (const section of ["one", "two", "three"]) {
        for (const route of routes) {
          const rivals = routes.filter((other) => other.kind !== route.kind && isAccepted(other, section));
          const meeting = rivals.filter((other) => meet(route, other, section));
          if (isAccepted(route, section)) {
            deepEqual(meeting, []);
          } else if (
            route.sections.includes(section) &&
            !route.broken &&
            namesAt(route, section).length > 0
          ) {
            ok(meeting.some((other) => orderOf(other) < orderOf(route)));
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});
