import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { endpointSlice, gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const base = [
  gatewayClass,
  gateway([http("http", 8080)]),
  httpRoute("shop", { rules: [rule("/", [{ name: "a", port: 80 }])] }),
];

function endpoints(spec: JsonObject, ...slices: JsonObject[]): string[] {
  return Translated.of(...base, service("a", spec), ...slices).endpoints("service/default/a/80");
}

test("rule G70: the slice's port of the Service port's name counts, not the targetPort; what is left out has its default", () => {
  const ports = [
    { name: "admin", port: 81, targetPort: 1 },
    { name: "http", port: 80, targetPort: 2 },
  ];
  const slice = endpointSlice("a-1", "a", {
    ports: [{ name: "admin", port: 9000 }, { name: "http", port: 3000 }, { name: "http" }, { port: 4 }],
  });
  deepEqual(endpoints({ ports }, slice), ["127.0.0.2:3000"]);
  const unnamed = endpointSlice("a-1", "a", {
    ports: [
      { name: null, port: 5, protocol: null },
      { port: 6, protocol: "UDP" },
    ],
  });
  deepEqual(endpoints({ ports: [{ port: 80 }] }, unnamed), ["127.0.0.2:5"]);
});

test("rule G71: ready decides, serving alone drains, neither is left out", () => {
  const states: [JsonValue, JsonValue, string[]][] = [
    [null, null, ["127.0.0.2:3000"]],
    [true, null, ["127.0.0.2:3000"]],
    [true, false, ["127.0.0.2:3000"]],
    [true, true, ["127.0.0.2:3000"]],
    [null, true, ["127.0.0.2:3000"]],
    [false, true, ["127.0.0.2:3000 draining"]],
    [false, null, []],
    [false, false, []],
  ];
  for (const [ready, serving, expected] of states) {
    const slice = endpointSlice("a-1", "a", {
      endpoints: [{ addresses: ["127.0.0.2"], conditions: { ready, serving } }],
    });
    deepEqual(endpoints({}, slice), expected, `ready ${ready}, serving ${serving}`);
  }
  const bare = endpointSlice("a-1", "a", { endpoints: [{ addresses: ["127.0.0.2"] }] });
  deepEqual(endpoints({}, bare), ["127.0.0.2:3000"]);
});

test("rule G72: slices add up, an address counts once, ready wins, and order does not matter", () => {
  const draining = { addresses: ["127.0.0.3"], conditions: { ready: false, serving: true } };
  const one = endpointSlice("a-1", "a", { endpoints: [{ addresses: ["127.0.0.9"] }, draining] });
  const two = endpointSlice("a-2", "a", {
    endpoints: [{ addresses: ["127.0.0.3"] }, { addresses: ["127.0.0.9"] }],
  });
  const expected = ["127.0.0.3:3000", "127.0.0.9:3000"];
  deepEqual(endpoints({}, one, two), expected);
  deepEqual(endpoints({}, two, one), expected);
  deepEqual(endpoints({}, endpointSlice("b-1", "b")), []);
});

test("rule G73: both families count, names do not", () => {
  const six = endpointSlice("a-6", "a", { addressType: "IPv6", endpoints: [{ addresses: ["FD00:0::1"] }] });
  const name = endpointSlice("a-n", "a", {
    addressType: "FQDN",
    endpoints: [{ addresses: ["a.example.com"] }],
  });
  deepEqual(endpoints({}, endpointSlice("a-4", "a"), six, name), ["127.0.0.2:3000", "fd00::1:3000"]);
});

test("rule G74: headless and selectorless Services work", () => {
  const ports = [{ name: "http", port: 80 }];
  deepEqual(endpoints({ clusterIP: "None", ports }, endpointSlice("manual", "a")), ["127.0.0.2:3000"]);
});

test("xds rule 42: every EDS cluster has an assignment, and nothing else has one", () => {
  const translated = Translated.of(...base, service("a"), service("unused"), endpointSlice("u", "unused"));
  deepEqual(translated.names("endpoint"), ["service/default/a/80"]);
  equal(translated.cluster("service/default/a/80").edsClusterConfig?.serviceName, "service/default/a/80");
});
