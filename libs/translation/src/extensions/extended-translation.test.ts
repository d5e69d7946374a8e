import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { gateway, gatewayClass, http, httpRoute, rule, service } from "../sample-objects.ts";
import { ExtendedWorld, extension, failing, type Say } from "./testing-world.ts";

const backend = (name: string): JsonObject => ({ name, port: 80 });
const shop = (...names: string[]): JsonObject =>
  httpRoute("shop", {
    hostnames: ["shop.com"],
    rules: names.map((name) => rule(`/${name}`, [backend(name)])),
  });
const base = [gatewayClass, gateway([http("http", 8080)]), service("a"), service("b"), shop("a")];
const all = { listener: { includeAll: true }, route: { includeAll: true } };
const hooks = { xdsTranslator: { post: ["Translation"], translation: all } };
const whole = (more: JsonObject = {}): JsonObject => extension("whole", [], { hooks, ...more });

const clusters = codec("envoy.config.cluster.v3.Cluster");
const clusterName = (name: string): string => `service/default/${name}/80`;

/** Gives each cluster a time limit, and what `more` says. */
function limits(seconds: number, more: { added?: string; removed?: string; route?: string } = {}): Say {
  return (question) => {
    if (question.hook !== "Translation") throw new Error(`asked ${question.hook}`);
    const { resources } = question;
    const kept = (resources.clusters ?? []).map((bytes) => clusters.decode(bytes));
    const made = kept
      .filter(({ name }) => name !== more.removed)
      .map((cluster) => clusters.encode({ ...cluster, connectTimeout: { seconds } }));
    const added = more.added === undefined ? [] : [clusters.encode({ name: more.added, type: "STATIC" })];
    return { kind: "answer", answer: { ...resources, clusters: [...made, ...added] } };
  };
}

function limitOf(w: ExtendedWorld, name: string): number | undefined {
  const part = w.part("cluster", clusterName(name));
  return part && clusters.decode(part.bytes).connectTimeout?.seconds;
}

test("one question has all clusters, and listeners and routes only when it is said", () => {
  const w = new ExtendedWorld([...base, extension("whole", ["Translation"])]);
  const [call] = w.calls;
  ok(call?.question.hook === "Translation");
  deepEqual(Object.keys(call.question.resources), ["clusters"]);
  const other = new ExtendedWorld([...base, whole()]);
  const [more] = other.calls;
  ok(more?.question.hook === "Translation");
  deepEqual(Object.keys(more.question.resources), ["clusters", "listeners", "routes"]);
});

test("a new node group waits whole for the first answer", () => {
  const w = new ExtendedWorld([...base, whole()]);
  deepEqual(
    w.parts().map(({ type }) => type),
    ["endpoint"],
  );
  w.answer(limits(3));
  equal(limitOf(w, "a"), 3);
  deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80"]);
});

test("rule E9: what did not change takes its last output whatever fails; what changed falls to the mode", () => {
  for (const [failureMode, limit, routes] of [
    ["keepLast", undefined, ["default/shop/0/0 -> service/default/a/80"]],
    ["failClosed", undefined, ["extension-failed -> 500"]],
    ["failOpen", 5, ["default/shop/0/0 -> service/default/a/80", "default/shop/1/0 -> service/default/b/80"]],
  ] as const) {
    const w = new ExtendedWorld([...base, whole({ failureMode })]);
    w.answer(limits(3));
    w.apply(shop("a", "b"));
    equal(limitOf(w, "a"), 3, "while it waits");
    deepEqual(w.routes("shop.com"), ["default/shop/0/0 -> service/default/a/80"]);
    w.answer(failing());
    equal(limitOf(w, "a"), 3, `${failureMode}: the last output`);
    const part = w.part("cluster", clusterName("b"));
    equal(part && clusters.decode(part.bytes).connectTimeout?.seconds, limit, failureMode);
    deepEqual(w.routes("shop.com"), routes, failureMode);
    w.answer(limits(4));
    deepEqual([limitOf(w, "a"), limitOf(w, "b")], [4, 4]);
  }
});

test("rule E9: of a route table only the virtual hosts fall to the mode that changed", () => {
  const other = httpRoute("other", { hostnames: ["other.com"], rules: [rule("/", [backend("a")])] });
  const w = new ExtendedWorld([...base, other, whole({ failureMode: "failClosed" })]);
  w.answer(limits(3));
  w.apply(shop("b"));
  w.answer(failing());
  deepEqual(w.routes("shop.com"), ["extension-failed -> 500"]);
  deepEqual(w.routes("other.com"), ["default/other/0/0 -> service/default/a/80"]);
});

test("what an extension makes of tables is served: hosts that it adds, changes and takes out", () => {
  const other = httpRoute("other", { hostnames: ["other.com"], rules: [rule("/", [backend("a")])] });
  const w = new ExtendedWorld([...base, other, whole()]);
  const tables = codec("envoy.config.route.v3.RouteConfiguration");
  w.answer((question) => {
    if (question.hook !== "Translation") throw new Error(`asked ${question.hook}`);
    const [bytes] = question.resources.routes ?? [];
    const table = tables.decode(bytes as Uint8Array);
    const virtualHosts = table.virtualHosts
      .filter(({ name }) => name !== "other_com")
      .map((host) => ({ ...host, includeRequestAttemptCount: true }));
    const added = { name: "mine", domains: ["mine.com"] };
    const routes = [
      tables.encode({
        ...table,
        maxDirectResponseBodySizeBytes: { value: 9 },
        virtualHosts: [...virtualHosts, added],
      }),
    ];
    return { kind: "answer", answer: { ...question.resources, routes } };
  });
  equal(w.host("shop.com")?.includeRequestAttemptCount, true);
  equal(w.host("other.com"), undefined);
  deepEqual(w.host("mine")?.domains, ["mine.com"]);
  const shell = w.part("route", "http/8080");
  equal(shell && tables.decode(shell.bytes).maxDirectResponseBodySizeBytes?.value, 9);
  equal(w.calls.length, 0);
});

test("what an extension adds is there, and stays while it fails, until an answer without it", () => {
  const w = new ExtendedWorld([...base, whole()]);
  w.answer(limits(3, { added: "mine" }));
  ok(w.part("cluster", "mine"));
  w.apply(shop("a", "b"));
  w.answer(failing());
  ok(w.part("cluster", "mine"));
  w.answer(limits(3));
  equal(w.part("cluster", "mine"), undefined);
});

test("what an extension takes out is gone, unless something names it", () => {
  const w = new ExtendedWorld([...base, httpRoute("idle", { rules: [rule("/", [backend("b")])] }), whole()]);
  w.answer(limits(3, { removed: clusterName("a") }));
  ok(w.part("cluster", clusterName("a")), "a route names it");
  equal(limitOf(w, "b"), 3);
});

test("an event says only what it says anew", () => {
  const w = new ExtendedWorld([...base, whole()]);
  w.answer(limits(3));
  w.apply(shop("a", "b"));
  w.answer(limits(3));
  const [last] = w.events.slice(-1);
  ok(last?.fact.type === "extensionAnswers");
  deepEqual(last.fact.answers.map(({ name }) => name).sort(), [
    "",
    "clusters/service/default/b/80",
    "routes/http/8080\nshop_com",
  ]);
});
