import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec, type MessageName, type MessageTypes } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { endpointSlice, gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { partJson } from "../testing.ts";
import type { ResourceHook } from "./hook-questions.ts";
import { byHeader, ExtendedWorld, extension, failing, header, headers, type Say } from "./testing-world.ts";

const backend = (name: string): JsonObject => ({ name, port: 80 });
const slice = (address: string): JsonObject =>
  endpointSlice("a-1", "a", { endpoints: [{ addresses: [address] }] });
const route = httpRoute("shop", { hostnames: ["shop.com"], rules: [rule("/", [backend("a")])] });
const base = [gatewayClass, gateway([http("http", 8080)]), service("a"), slice("10.0.0.1"), route];
const listenerName = "tcp/0.0.0.0/8080";

/** Answers questions of one hook with the same message, changed. */
function changing<Name extends MessageName>(
  hook: ResourceHook,
  type: Name,
  change: (message: ReturnType<ReturnType<typeof codec<Name>>["decode"]>) => MessageTypes[Name],
): Say {
  return (question) => {
    if (question.hook !== hook) return { kind: "unchanged" };
    const message = codec(type).decode(question.resource, { keepUnknownFields: true });
    return { kind: "answer", answer: codec(type).encode(change(message as never)) };
  };
}

const logged = changing("HTTPListener", "envoy.config.listener.v3.Listener", (message) => ({
  ...message,
  trafficDirection: "OUTBOUND",
}));
const moved = (address: string): Say =>
  changing("Endpoints", "envoy.config.endpoint.v3.ClusterLoadAssignment", (message) => ({
    ...message,
    endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address, portValue: 1 } } } }] }],
  }));

function addresses(w: ExtendedWorld): string[] {
  const part = w.part("endpoint", "service/default/a/80");
  return part === undefined ? [] : (JSON.stringify(partJson(part)).match(/\d+\.\d+\.\d+\.\d+/g) ?? []);
}

test("rule E8: a listener goes on as it was until its extension answers, and keeps its route table when that fails", () => {
  const w = new ExtendedWorld(base);
  const before = w.part("listener", listenerName)?.digest;
  w.apply(extension("logs", ["HTTPListener"], { failureMode: "failClosed" }));
  equal(w.part("listener", listenerName)?.digest, before);
  w.answer(logged);
  ok(w.part("listener", listenerName)?.digest !== before);
  w.apply(gateway([http("http", 8080), http("more", 8081)]));
  w.answer(failing());
  const json = JSON.stringify(partJson(w.part("listener", "tcp/0.0.0.0/8081")!));
  ok(json.includes('"httpStatus":500') && json.includes('"routeConfigName":"http/8081"'), json);
  ok(w.part("route", "http/8081") !== undefined, "the table stays in the snapshot");
  w.answer(logged);
  ok(!JSON.stringify(partJson(w.part("listener", "tcp/0.0.0.0/8081")!)).includes("httpStatus"));
});

test("the virtual host hook gets what the route hook left", () => {
  const governed = httpRoute("shop", {
    hostnames: ["shop.com"],
    rules: [rule("/", [backend("a")], { filters: [byHeader("blue")] })],
  });
  const w = new ExtendedWorld([
    ...base,
    header("blue"),
    extension("hosts", ["Route", "VirtualHost"]),
    governed,
  ]);
  const host = changing("VirtualHost", "envoy.config.route.v3.VirtualHost", (message) => ({
    ...message,
    includeRequestAttemptCount: message.routes.some(
      ({ responseHeadersToAdd }) => responseHeadersToAdd.length > 0,
    ),
  }));
  w.answerAll((question) => (question.hook === "Route" ? headers("one")(question) : host(question)));
  equal(w.host("shop.com")?.includeRequestAttemptCount, true);
  equal(w.host("*")?.includeRequestAttemptCount, false);
});

test("a virtual host that fails closed answers 500 on its own domains alone", () => {
  const w = new ExtendedWorld([...base, extension("hosts", ["VirtualHost"], { failureMode: "failClosed" })]);
  w.answer((question) =>
    Buffer.from((question as { resource: Uint8Array }).resource).includes("shop")
      ? failing()(question)
      : { kind: "unchanged" },
  );
  deepEqual(w.routes("shop.com"), ["extension-failed -> 500"]);
  deepEqual(w.host("shop.com")?.domains, ["shop.com"]);
  deepEqual(w.host("*")?.routes, []);
});

test("endpoints follow their Service however fast they change: each answer counts, also an older one", () => {
  const w = new ExtendedWorld([...base, extension("endpoints", ["Endpoints"])]);
  deepEqual(addresses(w), [], "held back, and what names them");
  equal(w.part("cluster", "service/default/a/80"), undefined);
  deepEqual(w.routes("shop.com"), []);
  const first = w.calls;
  w.apply(slice("10.0.0.2"));
  w.answer(moved("192.0.2.1"), first);
  deepEqual(addresses(w), ["192.0.2.1"], "of the question before");
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80"]);
  w.answer(moved("192.0.2.2"));
  deepEqual(addresses(w), ["192.0.2.2"]);
});

test("make before break: a route stays where it is until the endpoints that it will name are answered", () => {
  const w = new ExtendedWorld([...base, service("b"), extension("endpoints", ["Endpoints"])]);
  w.answer(() => ({ kind: "unchanged" }));
  w.apply(httpRoute("shop", { hostnames: ["shop.com"], rules: [rule("/", [backend("b")])] }));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80"]);
  w.answer(() => ({ kind: "unchanged" }));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/b/80"]);
  equal(w.part("cluster", "service/default/a/80"), undefined);
});

test("endpoints that fail are those of the last answer, none, or what they are, by the failure mode", () => {
  for (const [failureMode, expected] of [
    ["keepLast", ["192.0.2.1"]],
    ["failClosed", []],
    ["failOpen", ["10.0.0.2"]],
  ] as const) {
    const w = new ExtendedWorld([...base, extension("endpoints", ["Endpoints"], { failureMode })]);
    w.answer(moved("192.0.2.1"));
    w.apply(slice("10.0.0.2"));
    w.answer(failing());
    deepEqual(addresses(w), expected, failureMode);
  }
});

const custom = {
  apiVersion: "example.com/v1",
  kind: "Pool",
  metadata: { name: "p", namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: {},
};
const poolRoute = httpRoute("shop", {
  hostnames: ["shop.com"],
  rules: [rule("/", [{ group: "example.com", kind: "Pool", name: "p" }])],
});

test("a backend of an extension's own kind is the cluster that the extension makes of it", () => {
  const kind = { group: "example.com", version: "v1", kind: "Pool" };
  const w = new ExtendedWorld([
    ...base,
    custom,
    extension("pools", ["Cluster"], { backendResources: [kind] }),
    poolRoute,
  ]);
  const name = "extension/example.com/Pool/default/p";
  deepEqual(w.routes("shop.com"), [], "held back with its cluster");
  w.answer(
    changing("Cluster", "envoy.config.cluster.v3.Cluster", (message) => ({
      ...message,
      connectTimeout: { seconds: 3 },
    })),
  );
  deepEqual(w.routes("shop.com"), [`default/shop/0/0 -> ${name}`]);
  ok(JSON.stringify(partJson(w.part("cluster", name)!)).includes('"connectTimeout":"3s"'));
});

test("without its extension a backend of such a kind is invalid", () => {
  const w = new ExtendedWorld([...base, custom, poolRoute]);
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> 500"]);
});
