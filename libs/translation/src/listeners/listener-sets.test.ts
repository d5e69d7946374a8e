import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { p256, sealedTlsSecret } from "@routeledger/config-model/testing";
import type { JsonObject } from "@routeledger/std";
import {
  gateway,
  gatewayClass,
  http,
  httpRoute,
  https,
  listenerSet,
  namespace,
  referenceGrant,
  rule,
  service,
} from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const all = { allowedListeners: { namespaces: { from: "All" } } };
const own = [http("own", 8080, { hostname: "own.io" })];

function at(spec: JsonObject, ...objects: JsonObject[]): Translated {
  return Translated.of(gatewayClass, gateway(own, spec), service("a"), ...objects);
}

function set(
  name: string,
  hostname: string,
  place: { namespace?: string; creationTimestamp?: string } = {},
): JsonObject {
  return listenerSet(name, [http("l", 8080, { hostname })], place);
}

function accepted(translated: Translated, key: string): string {
  const [first] = translated.entries(`ListenerSet/${key}`, "conditions");
  return `${first?.status} ${first?.reason}`;
}

test("a Gateway lets in the ListenerSets of the namespaces that allowedListeners names, and none without it", () => {
  const sets = [set("here", "a.io"), set("there", "b.io", { namespace: "other" })];
  const labelled = namespace("other", { team: "x" });
  const cases: [JsonObject, string, string][] = [
    [{}, "False NotAllowed", "False NotAllowed"],
    [{ from: "None" }, "False NotAllowed", "False NotAllowed"],
    [{ from: "Same" }, "True Accepted", "False NotAllowed"],
    [{ from: "All" }, "True Accepted", "True Accepted"],
    [{ from: "Selector", selector: { matchLabels: { team: "x" } } }, "False NotAllowed", "True Accepted"],
  ];
  for (const [namespaces, here, there] of cases) {
    const translated = at({ allowedListeners: { namespaces } }, labelled, ...sets);
    deepEqual([accepted(translated, "default/here"), accepted(translated, "other/there")], [here, there]);
    const counted = [here, there].filter((one) => one.startsWith("True")).length;
    equal(translated.status("Gateway/default/web").attachedListenerSets, counted);
  }
});

test("rule G10: the Gateway, then the older set, then namespace and name keep a port and hostname", () => {
  const young = "2026-02-01T00:00:00Z";
  const translated = at(
    all,
    set("b-old", "x.io"),
    set("a-young", "x.io", { creationTimestamp: young }),
    set("gateways", "own.io"),
    set("a-tie", "tie.io", { namespace: "b" }),
    set("b-tie", "tie.io", { namespace: "a" }),
  );
  deepEqual(
    ["default/b-old", "default/a-young", "default/gateways", "a/b-tie", "b/a-tie"].map((key) =>
      accepted(translated, key),
    ),
    [
      "True Accepted",
      "False ListenersNotValid",
      "False ListenersNotValid",
      "True Accepted",
      "False ListenersNotValid",
    ],
  );
  equal(translated.listener("own").summary[0], "Accepted=True Accepted");
});

test("rule G10: when the winner goes, the loser is served", () => {
  equal(
    accepted(at(all, set("young", "x.io", { creationTimestamp: "2026-02-01T00:00:00Z" })), "default/young"),
    "True Accepted",
  );
});

test("rule G10: a listener that is not served itself keeps nobody out", () => {
  const dead = listenerSet("dead", [{ name: "l", port: 9090, protocol: "TCP" }]);
  const live = listenerSet("live", [http("l", 9090)], { creationTimestamp: "2026-02-01T00:00:00Z" });
  deepEqual(
    ["default/dead", "default/live"].map((key) => accepted(at(all, dead, live), key)),
    ["False ListenersNotValid", "True Accepted"],
  );
});

test("rule G8: of two listeners of one set that conflict none wins; those that give way anyway conflict with nobody", () => {
  const secure = { tls: { certificateRefs: [{ name: "cert" }] } };
  const one = listenerSet("one", [
    http("plain", 9090),
    https("secure", 9090, "cert", secure),
    http("other", 9091, { hostname: "x.io" }),
  ]);
  const two = listenerSet("two", [
    https("loser", 8080, "cert", secure),
    http("free", 8080, { hostname: "two.io" }),
  ]);
  const translated = at(all, sealedTlsSecret({ name: "cert", ...p256 }), one, two);
  const reasons = (key: string): string[] =>
    ((translated.status(`ListenerSet/default/${key}`).listeners ?? []) as JsonObject[]).map(
      ({ name, conditions }) => `${name} ${((conditions ?? []) as JsonObject[])[0]?.reason}`,
    );
  deepEqual(reasons("one"), ["plain ProtocolConflict", "secure ProtocolConflict", "other Accepted"]);
  deepEqual(reasons("two"), ["loser ProtocolConflict", "free Accepted"]);
  equal(accepted(translated, "default/one"), "True ListenersNotValid");
});

test("rule G110: what a set is told of a conflict names no object that its reader may not see", () => {
  const translated = at(all, set("lost", "own.io", { namespace: "other" }));
  equal(JSON.stringify(translated.status("ListenerSet/other/lost")).includes("own"), false);
});

test("a route of a ListenerSet is served on that set's listeners alone, one of the Gateway on the Gateway's", () => {
  const refs = [{ name: "a", port: 80 }];
  const translated = at(
    all,
    set("s", "s.io"),
    httpRoute("gateways", { rules: [rule("/", refs)] }),
    httpRoute("sets", { parentRefs: [{ kind: "ListenerSet", name: "s" }], rules: [rule("/", refs)] }),
    httpRoute("both", {
      parentRefs: [{ name: "web" }, { kind: "ListenerSet", name: "s" }],
      rules: [rule("/both", refs)],
    }),
  );
  deepEqual(translated.answers("own.io"), [
    "default/both/0/0 -> service/default/a/80",
    "default/gateways/0/0 -> service/default/a/80",
  ]);
  deepEqual(translated.answers("s.io"), [
    "default/both/0/0 -> service/default/a/80",
    "default/sets/0/0 -> service/default/a/80",
  ]);
  deepEqual(
    translated
      .entries("HTTPRoute/default/both", "parents")
      .map(({ parentRef }) => (parentRef as JsonObject).name),
    ["web", "s"],
  );
});

test("a set's Same is the set's namespace, and a sectionName of a set is none of the Gateway's", () => {
  const refs = [{ name: "a", port: 80, namespace: "default" }];
  const translated = at(
    all,
    set("s", "s.io", { namespace: "other" }),
    httpRoute(
      "near",
      { parentRefs: [{ kind: "ListenerSet", name: "s" }], rules: [rule("/", refs)] },
      { namespace: "other" },
    ),
    httpRoute("far", {
      parentRefs: [{ kind: "ListenerSet", name: "s", namespace: "other" }],
      rules: [rule("/", refs)],
    }),
    httpRoute("section", { parentRefs: [{ name: "web", sectionName: "l" }], rules: [rule("/", refs)] }),
  );
  const reason = (key: string): string => {
    const [parent] = translated.entries(key, "parents");
    const [first] = (parent?.conditions ?? []) as JsonObject[];
    return String(first?.reason);
  };
  deepEqual(["HTTPRoute/other/near", "HTTPRoute/default/far", "HTTPRoute/default/section"].map(reason), [
    "Accepted",
    "NotAllowedByListeners",
    "NoMatchingParent",
  ]);
});

test("rule G68: a certificate of another namespace needs a grant for the ListenerSet, not for the Gateway", () => {
  const certificate = sealedTlsSecret({ name: "cert", ...p256 });
  const secure = listenerSet(
    "secure",
    [https("l", 8443, "cert", { tls: { certificateRefs: [{ name: "cert", namespace: "default" }] } })],
    { namespace: "other" },
  );
  const grant = (kind: string): JsonObject =>
    referenceGrant("g", {
      from: [{ group: "gateway.networking.k8s.io", kind, namespace: "other" }],
      to: [{ group: "", kind: "Secret" }],
    });
  equal(accepted(at(all, certificate, secure, grant("Gateway")), "other/secure"), "False ListenersNotValid");
  equal(accepted(at(all, certificate, secure, grant("ListenerSet")), "other/secure"), "True Accepted");
});

test("a set of a Gateway that is not served says so, and one of a Gateway of others has no status of ours", () => {
  const refused = at({ ...all, addresses: [{ type: "example.com/x", value: "1" }] }, set("s", "s.io"));
  equal(accepted(refused, "default/s"), "False ParentNotAccepted");
  const foreign = Translated.of(gateway(own, { ...all, gatewayClassName: "foreign" }), set("s", "s.io"));
  deepEqual(foreign.status("ListenerSet/default/s"), {});
});

test("a Gateway may leave all listeners to its ListenerSets", () => {
  const translated = Translated.of(gatewayClass, gateway([], all), set("s", "s.io"));
  deepEqual(translated.gatewayConditions(), ["Accepted=True Accepted", "Programmed=True Programmed"]);
  deepEqual(translated.domains(), ["s.io"]);
});
