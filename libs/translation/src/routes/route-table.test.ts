import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import fc from "fast-check";
import { gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const a = [{ name: "a", port: 80 }];

function tables(listeners: JsonObject[], ...routes: JsonObject[]): Translated {
  return Translated.of(gatewayClass, gateway(listeners), service("a"), ...routes);
}

const plain = [http("http", 8080)];

test("rule G12: a host belongs to the most specific listener of the port, and to no other", () => {
  const listeners = [
    http("all", 8080),
    http("wild", 8080, { hostname: "*.example.com" }),
    http("deep", 8080, { hostname: "*.deep.example.com" }),
  ];
  const route = httpRoute("shop", {
    parentRefs: [{ name: "web", sectionName: "all" }],
    hostnames: ["a.example.com", "b.deep.example.com", "*.example.com", "example.com"],
    rules: [rule("/", a)],
  });
  const translated = tables(listeners, route);
  deepEqual(translated.domains(), ["*", "*.deep.example.com", "*.example.com", "example.com"]);
  deepEqual(translated.answers("*.example.com"), []);
  deepEqual(translated.answers("*.deep.example.com"), []);
  equal(translated.answers("example.com").length, 1);
});

test("rule G13: a listener without routes keeps a virtual host with its domain", () => {
  deepEqual(
    tables([http("one", 8080, { hostname: "a.io" }), http("two", 8080, { hostname: "*.io" })]).domains(),
    ["*.io", "a.io"],
  );
});

test("rule G19: what no rule of the exact host matches goes on to the wider hosts of the same listener", () => {
  const translated = tables(
    plain,
    httpRoute("exact", { hostnames: ["a.example.com"], rules: [rule("/a", a)] }),
    httpRoute("wild", { hostnames: ["*.example.com"], rules: [rule("/longer", a)] }),
    httpRoute("all", { rules: [rule("/longest", a)] }),
  );
  const names = (domain: string): string[] =>
    translated.answers(domain).map((text) => text.split("/")[1] ?? "");
  deepEqual(names("a.example.com"), ["exact", "wild", "all"]);
  deepEqual(names("*.example.com"), ["wild", "all"]);
  deepEqual(names("*"), ["all"]);
});

test("rule G19: the wider hosts of another listener are not tried", () => {
  const translated = tables(
    [http("all", 8080), http("exact", 8080, { hostname: "a.io" })],
    httpRoute("on-all", { parentRefs: [{ name: "web", sectionName: "all" }], rules: [rule("/", a)] }),
    httpRoute("on-exact", { parentRefs: [{ name: "web", sectionName: "exact" }], rules: [rule("/x", a)] }),
  );
  deepEqual(translated.answers("a.io"), ["default/on-exact/0/0 -> service/default/a/80"]);
});

test("rule G20: hostnames are compared as the routes wrote them, whatever the ages", () => {
  const translated = tables(
    [http("foo", 8080, { hostname: "*.foo.com" })],
    httpRoute(
      "older",
      { hostnames: ["*.com"], rules: [rule("/", a)] },
      { creationTimestamp: "2020-01-01T00:00:00Z" },
    ),
    httpRoute("younger", { hostnames: ["*.foo.com"], rules: [rule("/", a)] }),
  );
  deepEqual(translated.domains(), ["*.foo.com"]);
  deepEqual(
    translated.answers("*.foo.com").map((text) => text.split("/")[1]),
    ["younger", "older"],
  );
});

test("rule G22, G24: ports in Host are ignored, virtual hosts are named by their domain without dots", () => {
  const translated = tables(
    plain,
    httpRoute("shop", { hostnames: ["*.a.io", "b.io"], rules: [rule("/", a)] }),
  );
  deepEqual(
    translated.parts("route").map(({ virtualHost }) => virtualHost),
    ["", "*", "*_a_io", "b_io"],
  );
});

test("rule G34: the older route first, then namespace and name, then the rule and the match", () => {
  const older = { creationTimestamp: "2020-01-01T00:00:00Z" };
  const translated = tables(
    plain,
    httpRoute("b", { rules: [rule("/", a), rule("/", a)] }),
    httpRoute("a", { rules: [rule("/", a)] }),
    httpRoute("z", { rules: [rule("/", a)] }, older),
  );
  deepEqual(
    translated.answers().map((text) => text.split(" ")[0]),
    ["default/z/0/0", "default/a/0/0", "default/b/0/0", "default/b/1/0"],
  );
});

test("rule G35: a later, more specific rule stands before an earlier one", () => {
  const translated = tables(plain, httpRoute("shop", { rules: [rule("/", a), rule("/cart", a)] }));
  deepEqual(
    translated.answers().map((text) => text.split(" ")[0]),
    ["default/shop/1/0", "default/shop/0/0"],
  );
});

const hostnames = fc.uniqueArray(fc.constantFrom("a.io", "b.a.io", "*.a.io", "*.io", "A.io"), {
  maxLength: 3,
});
const routes = fc.array(fc.record({ hostnames, section: fc.constantFrom("", "all", "wild", "exact") }), {
  maxLength: 6,
});

test("rule G21: each domain is in one virtual host, and the order of objects changes nothing", () => {
  const listeners = [
    http("all", 8080),
    http("wild", 8080, { hostname: "*.a.io" }),
    http("exact", 8080, { hostname: "a.io" }),
  ];
  fc.assert(
    fc.property(routes, (specs) => {
      const objects = specs.map(({ hostnames: names, section }, index) =>
        httpRoute(`r${index}`, {
          parentRefs: [{ name: "web", ...(section === "" ? {} : { sectionName: section }) }],
          hostnames: names,
          rules: [rule(`/${index}`, a)],
        }),
      );
      const forward = tables(listeners, ...objects);
      const domains = forward.domains();
      equal(new Set(domains).size, domains.length);
      const digests = (translated: Translated): string[] => translated.parts().map(({ digest }) => digest);
      deepEqual(digests(tables(listeners, ...objects.toReversed())), digests(forward));
    }),
    { numRuns: 50 },
  );
});
