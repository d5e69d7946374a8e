import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { gateway, gatewayClass, http, httpRoute, namespace, rule, service } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const a = [{ name: "a", port: 80 }];

function attached(listeners: JsonObject[], spec: JsonObject, ...more: JsonObject[]): Translated {
  const route = httpRoute("shop", { rules: [rule("/", a)], ...spec });
  return Translated.of(gatewayClass, gateway(listeners), service("a"), route, ...more);
}

const accepted = ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs"];

test("rule G1: a parent that does not exist, of another kind or of another class gets no entry", () => {
  const foreign = { ...gateway([http("http", 80)]), metadata: { name: "other", namespace: "default" } };
  const translated = attached(
    [http("http", 8080)],
    {
      parentRefs: [
        { name: "missing" },
        { name: "web", kind: "Service", group: "" },
        { name: "other" },
        { name: "web" },
      ],
    },
    { ...foreign, spec: { gatewayClassName: "foreign", listeners: [] } },
  );
  deepEqual(translated.routeConditions("shop"), accepted);
  equal(translated.entries("HTTPRoute/default/shop", "parents").length, 1);
  deepEqual(translated.status("Gateway/default/other"), {});
});

test("rule G2: sectionName and port must match one and the same listener", () => {
  const listeners = [http("one", 8080), http("two", 8081)];
  const conditions = (parentRef: JsonObject): string =>
    attached(listeners, { parentRefs: [{ name: "web", ...parentRef }] }).routeConditions("shop")[0] ?? "";
  equal(conditions({ sectionName: "one", port: 8080 }), "Accepted=True Accepted");
  equal(conditions({ sectionName: "one", port: 8081 }), "Accepted=False NoMatchingParent");
  equal(conditions({ sectionName: "three" }), "Accepted=False NoMatchingParent");
  equal(conditions({ port: 9 }), "Accepted=False NoMatchingParent");
});

test("rule G2: a route is in the table of the listeners that it chose, and in no other", () => {
  const translated = attached([http("one", 8080), http("two", 8081)], {
    parentRefs: [{ name: "web", port: 8081 }],
  });
  deepEqual(translated.answers("*", 8080), []);
  deepEqual(translated.answers("*", 8081), ["default/shop/0/0 -> service/default/a/80"]);
});

test("rule G3: kind and namespace come before hostname, and ResolvedRefs is written also when refused", () => {
  const closed = http("http", 8080, { hostname: "a.io", allowedRoutes: { namespaces: { from: "None" } } });
  const open = http("http", 8080, { hostname: "a.io" });
  const spec = { hostnames: ["b.io"] };
  deepEqual(attached([closed], spec).routeConditions("shop"), [
    "Accepted=False NotAllowedByListeners",
    "ResolvedRefs=True ResolvedRefs",
  ]);
  deepEqual(attached([open], spec).routeConditions("shop"), [
    "Accepted=False NoMatchingListenerHostname",
    "ResolvedRefs=True ResolvedRefs",
  ]);
  deepEqual(
    attached([closed, { ...open, name: "second", port: 8081, hostname: "b.io" }], spec).routeConditions(
      "shop",
    ),
    accepted,
  );
});

test("rule G4: a selector reads the labels of the Namespace, and the name label is always there", () => {
  const selecting = (selector: JsonObject): JsonObject[] => [
    http("http", 8080, { allowedRoutes: { namespaces: { from: "Selector", selector } } }),
  ];
  const byName = { matchLabels: { "kubernetes.io/metadata.name": "default" } };
  const byLabel = { matchExpressions: [{ key: "team", operator: "In", values: ["shop"] }] };
  deepEqual(attached(selecting(byName), {}).routeConditions("shop"), accepted);
  equal(attached(selecting(byLabel), {}).routeConditions("shop")[0], "Accepted=False NotAllowedByListeners");
  const labelled = namespace("default", { team: "shop" });
  deepEqual(attached(selecting(byLabel), {}, labelled).routeConditions("shop"), accepted);
});

test("rule G6: attached routes are counted once, also of a listener that is not accepted", () => {
  const listeners = [http("one", 8080), http("two", 8080, { hostname: "*.io" }), http("clash", 8080)];
  const translated = attached(listeners, {
    parentRefs: [{ name: "web" }, { name: "web", sectionName: "one" }],
  });
  deepEqual(
    ["one", "two", "clash"].map((name) => translated.listener(name).attachedRoutes),
    [1, 1, 1],
  );
  deepEqual(translated.listener("clash").summary.slice(0, 2), [
    "Accepted=False HostnameConflict",
    "Conflicted=True HostnameConflict",
  ]);
});

test("rule G106: entries follow the parentRefs as the spec writes them", () => {
  const parentRefs = [{ name: "web", sectionName: "nope" }, { name: "web" }];
  const { parents } = attached([http("http", 8080)], { parentRefs }).status("HTTPRoute/default/shop");
  deepEqual(
    (parents as JsonObject[]).map(({ parentRef }) => parentRef),
    parentRefs,
  );
});
