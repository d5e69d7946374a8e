import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { nodeGroups } from "../node-groups.ts";
import { gateway, gatewayClass, http } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

function viewed(listeners: JsonObject[], spec: JsonObject = {}): Translated {
  return Translated.of(gatewayClass, gateway(listeners, spec));
}

test("rule G5: supportedKinds is what is served of what is allowed, and an unknown kind breaks ResolvedRefs", () => {
  const kinds = (...list: JsonObject[]): JsonObject => ({ allowedRoutes: { kinds: list } });
  const translated = viewed([
    http("all", 8080),
    http("some", 8081, kinds({ kind: "HTTPRoute" }, { kind: "Unknown" })),
    http("none", 8082, kinds({ kind: "HTTPRoute", group: "example.com" })),
  ]);
  const group = "gateway.networking.k8s.io";
  const [grpc, route] = [
    { group, kind: "GRPCRoute" },
    { group, kind: "HTTPRoute" },
  ];
  deepEqual(
    ["all", "some", "none"].map((name) => translated.listener(name).supportedKinds),
    [[grpc, route], [route], []],
  );
  deepEqual(
    ["all", "some", "none"].map((name) => translated.listener(name).summary.at(-1)),
    [
      "ResolvedRefs=True ResolvedRefs",
      "ResolvedRefs=False InvalidRouteKinds",
      "ResolvedRefs=False InvalidRouteKinds",
    ],
  );
  deepEqual(translated.names("listener"), ["tcp/0.0.0.0/8080", "tcp/0.0.0.0/8081"]);
});

test("rule G5: a protocol that is not served carries no kind, so each that it names is invalid", () => {
  const kinds = [{ kind: "HTTPRoute" }, { kind: "TLSRoute" }];
  const translated = viewed([
    { name: "named", port: 8443, protocol: "TLS", allowedRoutes: { kinds } },
    { name: "all", port: 9443, protocol: "TLS" },
  ]);
  deepEqual(
    ["named", "all"].map((name) => translated.listener(name).summary.at(-1)),
    ["ResolvedRefs=False InvalidRouteKinds", "ResolvedRefs=True ResolvedRefs"],
  );
  deepEqual(translated.listener("named").supportedKinds, []);
});

test("rule G8: listeners that cannot be told apart are all conflicted, and a third one serves", () => {
  const translated = viewed([
    http("a", 8080, { hostname: "x.io" }),
    http("b", 8080, { hostname: "X.io" }),
    http("c", 8080),
    http("d", 8081),
    { name: "e", port: 8081, protocol: "HTTPS" },
  ]);
  deepEqual(
    ["a", "b", "c", "d", "e"].map((name) => translated.listener(name).summary[1]),
    [
      "Conflicted=True HostnameConflict",
      "Conflicted=True HostnameConflict",
      "Conflicted=False NoConflicts",
      "Conflicted=True ProtocolConflict",
      "Conflicted=True ProtocolConflict",
    ],
  );
  deepEqual(translated.domains(), ["*"]);
  deepEqual(translated.names("listener"), ["tcp/0.0.0.0/8080"]);
});

test("rule G9: HTTPS and TLS of one port and hostname conflict", () => {
  const translated = viewed([
    { name: "a", port: 443, protocol: "HTTPS", hostname: "x.io" },
    { name: "b", port: 443, protocol: "TLS", hostname: "x.io" },
    { name: "c", port: 443, protocol: "TLS", hostname: "y.io" },
  ]);
  deepEqual(
    ["a", "b", "c"].map((name) => translated.listener(name).summary[0]),
    [
      "Accepted=False HostnameConflict",
      "Accepted=False HostnameConflict",
      "Accepted=False UnsupportedProtocol",
    ],
  );
});

test("rule G11: some listeners not valid is accepted with that reason, none valid is not", () => {
  const strange = { name: "x", port: 9000, protocol: "example.com/x" };
  deepEqual(viewed([http("a", 8080), strange]).gatewayConditions(), [
    "Accepted=True ListenersNotValid",
    "Programmed=True Programmed",
  ]);
  deepEqual(viewed([strange]).gatewayConditions(), [
    "Accepted=False ListenersNotValid",
    "Programmed=False Invalid",
  ]);
  deepEqual(viewed([strange]).listener("x").supportedKinds, []);
  deepEqual(viewed([]).gatewayConditions(), ["Accepted=False ListenersNotValid", "Programmed=False Invalid"]);
});

test("rule G17: an unknown type of address is refused, a name is not usable, an IP address is listened on", () => {
  const addresses = (...list: JsonObject[]): Translated => viewed([http("a", 8080)], { addresses: list });
  deepEqual(
    addresses({ type: "example.com/x", value: "y" }).gatewayConditions()[0],
    "Accepted=False UnsupportedAddress",
  );
  deepEqual(addresses({ type: "Hostname", value: "a.io" }).gatewayConditions(), [
    "Accepted=True Accepted",
    "Programmed=False AddressNotUsable",
  ]);
  const both = addresses({ type: "Hostname", value: "a.io" }, { value: "127.0.0.1" });
  deepEqual(both.gatewayConditions(), ["Accepted=True Accepted", "Programmed=False AddressNotUsable"]);
  deepEqual(both.names("listener"), ["tcp/127.0.0.1/8080"]);
  deepEqual(addresses({ value: "127.0.0.1" }, { value: "::1" }).names("listener"), [
    "tcp/127.0.0.1/8080",
    "tcp/[::1]/8080",
  ]);
  deepEqual(addresses({ type: "IPAddress" }).names("listener"), ["tcp/0.0.0.0/8080"]);
});

test("rule G88: a port without a valid listener has no Envoy listener and no route table", () => {
  deepEqual(viewed([{ name: "a", port: 443, protocol: "HTTPS" }]).parts(), []);
});

test("rule G103: only Gateways of our classes are node groups", () => {
  const foreignClass = { ...gatewayClass, spec: { controllerName: "example.com/x" } };
  const translated = Translated.of(foreignClass, gateway([http("a", 8080)]));
  deepEqual(translated.parts(), []);
  deepEqual(translated.status("Gateway/default/web"), {});
  deepEqual(translated.status("GatewayClass//routeledger"), {});
});

test("rule G104: parameters that nobody reads make the Gateway not accepted, and it does not serve", () => {
  const infrastructure = { parametersRef: { group: "example.com", kind: "X", name: "x" } };
  const translated = viewed([http("a", 8080)], { infrastructure });
  deepEqual(translated.gatewayConditions(), ["Accepted=False InvalidParameters", "Programmed=False Invalid"]);
  deepEqual(translated.parts(), []);
});

test("what the schema forbids and an old log may hold is a status, never a crash", () => {
  const odd = { name: "odd", port: "eighty", protocol: "HTTP", hostname: "a b" };
  deepEqual(viewed([odd as JsonObject, http("ok", 8080)]).gatewayConditions(), [
    "Accepted=True ListenersNotValid",
    "Programmed=True Programmed",
  ]);
  equal(viewed([odd as JsonObject]).listener("odd").summary[0], "Accepted=False UnsupportedValue");
});

test("rule G11: a protocol of any name conflicts with nobody, even one that every object has a member of", () => {
  const translated = viewed([http("a", 8080), { name: "b", port: 8080, protocol: "constructor" }]);
  equal(translated.listener("a").summary[0], "Accepted=True Accepted");
  equal(translated.listener("b").summary[0], "Accepted=False UnsupportedProtocol");
  deepEqual(translated.names("listener"), ["tcp/0.0.0.0/8080"]);
});

test("P7: a Gateway of a name that makes no node group stops nobody", () => {
  const strange = { ...gateway([http("a", 8080)]), metadata: { name: "a/b", namespace: "default" } };
  const translated = Translated.of(gatewayClass, gateway([http("a", 8080)]), strange);
  deepEqual(nodeGroups(translated.state), ["default/web"]);
  deepEqual(translated.names("listener"), ["tcp/0.0.0.0/8080"]);
});
