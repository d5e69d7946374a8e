import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { byHeader, ExtendedWorld, extension, failing, header, headers } from "./testing-world.ts";

const routeCodec = codec("envoy.config.route.v3.Route");
const backend = (name: string): JsonObject => ({ name, port: 80 });
const base = [gatewayClass, gateway([http("http", 8080)]), service("a"), service("b"), header("blue")];
const extended = (prefix: string, to = "a"): JsonObject =>
  rule(prefix, [backend(to)], { filters: [byHeader("blue")] });
const shop = (rules: JsonObject[]): JsonObject => httpRoute("shop", { hostnames: ["shop.com"], rules });
const routeKey = "gateway.networking.k8s.io/HTTPRoute/default/shop";

function world(more: JsonObject = {}): ExtendedWorld {
  return new ExtendedWorld([...base, extension("headers", ["Route"], more)]);
}

test("rule E6: a new route is held back until its extension answers; what stands beside it is not", () => {
  const w = world();
  w.apply(shop([extended("/a"), rule("/b", [backend("b")])]));
  deepEqual(w.routes("shop.com"), ["default/shop/1/0 -> service/default/b/80"]);
  equal(w.calls.length, 1);
  w.answer(headers("one"));
  deepEqual(w.routes("shop.com"), [
    "default/shop/0/0 -> service/default/a/80 +x-by=one",
    "default/shop/1/0 -> service/default/b/80",
  ]);
  deepEqual(w.calls, []);
});

test("a question holds the domain and the objects that the filters name, and no revision", () => {
  const w = world();
  w.apply(shop([extended("/a")]));
  const [call] = w.calls;
  ok(call?.question.hook === "Route");
  deepEqual(call.question.hostnames, ["shop.com"]);
  equal(call.question.extensionResources.length, 1);
  match(call.question.extensionResources[0] ?? "", /"kind":"Header".*"value":"blue"/);
  equal(call.name, "http/8080/shop_com/default/shop/0/0");
  const { inputDigest } = call;
  w.apply(service("unrelated"));
  w.answer(headers("one"));
  w.apply(header("unrelated"));
  deepEqual(w.calls, []);
  w.delete(shop([]));
  w.apply(shop([extended("/a")]));
  equal(w.calls.length, 0, "the answer of then is known still");
  ok(inputDigest.length === 64);
});

test("rule E6: a changed route keeps its bytes and its place until the answer", () => {
  const w = world();
  w.apply(shop([extended("/"), rule("/b", [backend("b")])]));
  w.answer(headers("one"));
  w.apply(shop([extended("/b/c/d", "b"), rule("/b", [backend("b")])]));
  deepEqual(w.routes("shop.com"), [
    "default/shop/1/0 -> service/default/b/80",
    "default/shop/0/0 -> service/default/a/80 +x-by=one",
  ]);
  ok(w.part("cluster", "service/default/a/80"), "what the kept route names stays");
  w.answer(headers("two"));
  deepEqual(w.routes("shop.com"), [
    "default/shop/0/0 -> service/default/b/80 +x-by=two",
    "default/shop/1/0 -> service/default/b/80",
  ]);
  equal(w.part("cluster", "service/default/a/80"), undefined);
});

test("a route that gets its first filter goes on as it was until the answer", () => {
  const w = world();
  w.apply(shop([rule("/", [backend("a")])]));
  w.apply(shop([extended("/", "b")]));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80"]);
  w.answer(headers("one"));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/b/80 +x-by=one"]);
});

test("keepLast serves the last good answer when there is none to a change, and says so", () => {
  const w = world();
  w.apply(shop([extended("/")]));
  w.answer(headers("one"));
  w.apply(shop([extended("/", "b")]));
  w.answer(failing("DEADLINE_EXCEEDED"));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80 +x-by=one"]);
  ok(w.conditions(routeKey).includes("routeledger.dev/Extended=False DEADLINE_EXCEEDED"));
  ok(
    w
      .conditions("routeledger.dev/Extension//headers")
      .includes("routeledger.dev/Answering=False DEADLINE_EXCEEDED"),
  );
  equal(w.calls[0]?.isRetry, true);
  w.answer(headers("two"));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/b/80 +x-by=two"]);
  ok(!w.conditions(routeKey).some((one) => one.startsWith("routeledger.dev/Extended")));
  deepEqual(w.conditions("routeledger.dev/Extension//headers"), [
    "Accepted=True Accepted",
    "routeledger.dev/Answering=True Answering",
  ]);
});

test("keepLast falls to an error where nothing was ever answered", () => {
  const w = world();
  w.apply(shop([extended("/a"), rule("/b", [backend("b")])]));
  w.answer(failing());
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> 500", "default/shop/1/0 -> service/default/b/80"]);
});

test("rule E8: failClosed answers an error for what the hook governs, and only that", () => {
  const w = world({ failureMode: "failClosed" });
  w.apply(shop([extended("/a"), rule("/b", [backend("b")])]));
  w.answer(headers("one"));
  const listener = w.part("listener", "tcp/0.0.0.0/8080");
  w.apply(header("blue", "green"));
  w.answer(failing());
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> 500", "default/shop/1/0 -> service/default/b/80"]);
  equal(w.part("listener", "tcp/0.0.0.0/8080")?.digest, listener?.digest);
  w.answer(headers("two"));
  deepEqual(w.routes("shop.com")[0], "default/shop/0/0 -> service/default/a/80 +x-by=two");
});

test("failOpen serves what would be without the extension", () => {
  const w = world({ failureMode: "failOpen" });
  w.apply(shop([extended("/a")]));
  w.answer(failing());
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80"]);
});

test("extensions chain: the output of one is the input of the next, each with its own kinds and failure mode", () => {
  const kind = { group: "example.com", version: "v1", kind: "Other" };
  const other = { ...header("green"), kind: "Other" };
  const byOther = {
    type: "ExtensionRef",
    extensionRef: { group: "example.com", kind: "Other", name: "green" },
  };
  const w = new ExtendedWorld([
    ...base,
    other,
    extension("b-first", ["Route"], { order: -1 }),
    extension("a-second", ["Route"], { resources: [kind], failureMode: "failOpen" }),
    shop([rule("/", [backend("a")], { filters: [byOther, byHeader("blue")] })]),
  ]);
  deepEqual(
    w.calls.map((call) => call.extension),
    ["b-first"],
  );
  w.answer(headers("one"));
  deepEqual(
    w.calls.map((call) => call.extension),
    ["a-second"],
  );
  deepEqual(w.routes("shop.com"), [], "held back until all have answered");
  w.answer(failing());
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80 +x-by=one"]);
  w.answer(headers("two"));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80 +x-by=one +x-by=two"]);
});

test("rule E11: an answer that names a cluster that is nowhere costs its own route alone", () => {
  const w = world();
  w.apply(shop([extended("/a"), extended("/b", "b"), rule("/c", [backend("b")])]));
  w.answer((question) => {
    const said = headers("one")(question);
    if (
      !("name" in question) &&
      question.hook === "Route" &&
      Buffer.from(question.resource).includes("shop/0/0")
    )
      return { kind: "answer", answer: elsewhere("default/shop/0/0") };
    return said;
  });
  deepEqual(w.routes("shop.com"), [
    "default/shop/0/0 -> 500",
    "default/shop/1/0 -> service/default/b/80 +x-by=one",
    "default/shop/2/0 -> service/default/b/80",
  ]);
  match(w.status(routeKey), /names cluster nowhere, which is not there; requests get an error/);
});

test("an Extension that goes leaves its filters to nobody: their rules answer 500", () => {
  const w = world();
  w.apply(shop([extended("/a")]));
  w.answer(headers("one"));
  w.delete(extension("headers", ["Route"]));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> 500"]);
});

test("rule G61, G110: an ExtensionRef that nobody would apply, or that names nothing, drops its rule and is named", () => {
  const w = new ExtendedWorld([...base, extension("listeners", ["HTTPListener"])]);
  w.apply(shop([extended("/a")]));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> 500"]);
  match(
    w.status(routeKey),
    /rules\[0\]\.filters\[0\]\.extensionRef: nothing here resolves \\"example.com\/Header blue\\"/,
  );
  w.apply(extension("headers", ["Route"]));
  w.delete(header("blue"));
  match(w.status(routeKey), /\\"example.com\/Header blue\\" does not exist in default/);
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> 500"]);
});

test("a policy of an extension's kind governs the routes of its target", () => {
  const policy = {
    apiVersion: "example.com/v1",
    kind: "Policy",
    metadata: { name: "p", namespace: "default" },
    spec: { targetRefs: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", name: "shop" }] },
  };
  const w = world({ policyResources: [{ group: "example.com", version: "v1", kind: "Policy" }] });
  w.apply(shop([rule("/a", [backend("a")])]));
  equal(w.calls.length, 0);
  w.apply(policy);
  const [call] = w.calls;
  ok(call?.question.hook === "Route");
  equal(call.question.extensionPolicies.length, 1);
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80"]);
  w.answer(headers("one"));
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80 +x-by=one"]);
  w.delete(policy);
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80"]);
});

function elsewhere(name: string): Uint8Array {
  return routeCodec.encode({ name, match: { prefix: "/a" }, route: { cluster: "nowhere" } });
}
