import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { resourceTypes, typeUrls } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import {
  cluster,
  endpoint,
  extensionConfig,
  listener,
  route,
  secret,
  TestClient,
  wholeParts,
} from "./testing.ts";

const all = snapshotOf([...wholeParts(), secret("s"), extensionConfig("e")], 1);

for (const protocol of ["sotw", "delta"] as const) {
  const rule = (name: string, body: () => void) => test(`${name} (${protocol})`, body);
  const streamOf = (resourceType: (typeof resourceTypes)[number], snapshot = all) =>
    new TestClient(protocol, "envoy", { resourceType }).snapshot(snapshot);
  const ask = (client: TestClient, typeUrl: string, names: readonly string[]) =>
    protocol === "sotw" ? client.sotw(typeUrl, names) : client.delta(typeUrl, names);

  for (const type of resourceTypes) {
    const names = type === "cluster" || type === "listener" ? [] : [...all.types[type].resources.keys()];
    const answer = `${type} ${[...all.types[type].resources.keys()].join(",")}`;

    rule(`I23, rule 1: a stream of ${type} alone needs no type URL, and takes its own`, () => {
      deepEqual(ask(streamOf(type), "", names).seen(), [answer]);
      deepEqual(ask(streamOf(type), typeUrls[type], names).seen(), [answer]);
    });

    rule(`I23, rule 1: a stream of ${type} alone refuses every other type`, () => {
      const other = type === "cluster" ? typeUrls.endpoint : typeUrls.cluster;
      for (const typeUrl of [other, "type.googleapis.com/foo.Bar"]) {
        const client = ask(streamOf(type), typeUrl, []);
        deepEqual(
          client.facts.map((fact) => (fact.type === "close" ? fact.code : fact.type)),
          ["INVALID_ARGUMENT"],
        );
      }
    });
  }

  rule("rule 2: requests without a type URL that come before the snapshot are answered with it", () => {
    const client = new TestClient(protocol, "envoy", { resourceType: "endpoint" });
    deepEqual(ask(client, "", ["a"]).seen(), []);
    deepEqual(client.snapshot(all).seen(), ["endpoint a"]);
  });

  rule("rule 41: on streams of their own each type follows its changes", () => {
    const clients = resourceTypes.map((type) => {
      const names = type === "cluster" || type === "listener" ? [] : [...all.types[type].resources.keys()];
      return ask(streamOf(type), "", names).ack();
    });
    const parts = [cluster("a", 2), endpoint("a", 2), listener("l", "r", 30), route("r", "b"), cluster("b")];
    const next = snapshotOf([...parts, endpoint("b"), secret("s", "2"), extensionConfig("e")], 2, all);
    deepEqual(
      clients.map((client) => client.snapshot(next).seen()),
      [["cluster a,b"], ["endpoint a"], ["listener l"], ["route r"], ["secret s"], []],
    );
  });

  rule("rule 49: on a stream of clusters alone what left goes when its grace is over", () => {
    const client = ask(streamOf("cluster"), "", []).ack();
    client.snapshot(snapshotOf([cluster("b"), endpoint("b"), listener("l", "r"), route("r", "b")], 2, all));
    deepEqual(client.ack().seen(), []);
    client.fire("grace");
    deepEqual(client.seen(), [protocol === "sotw" ? "cluster b" : "cluster -a"]);
  });
}

for (const protocol of ["sotw", "delta"] as const) {
  test(`rules 39 and 41: what clusters on a stream of their own make their client need is sent on the others (${protocol})`, () => {
    const apart = new TestClient(protocol, "envoy", { resourceType: "cluster" }).snapshot(all);
    const rest = new TestClient(protocol).snapshot(all);
    const ask = (client: TestClient, typeUrl: string, names: readonly string[]) =>
      protocol === "sotw" ? client.sotw(typeUrl, names) : client.delta(typeUrl, names);
    ask(apart, "", []).ack();
    ask(rest, typeUrls.endpoint, ["a"]).ack().seen();
    const next = snapshotOf([cluster("a", 2), endpoint("a"), listener("l", "r"), route("r", "a")], 2, all);
    const elsewhere = () =>
      apart.facts.flatMap((fact) => (fact.type === "owedElsewhere" ? [fact.names] : []));
    const before = elsewhere().length;
    apart.snapshot(next);
    deepEqual(elsewhere().length, before, "not before the client has answered");
    rest.snapshot(next);
    deepEqual(rest.ack().seen(), []);
    apart.ack();
    const [names, ...more] = elsewhere().slice(before);
    deepEqual([names?.map(({ type, name }) => `${type} ${name}`), more], [["endpoint a"], []]);
    rest.give({ type: "owed", names: [...(names ?? []), { type: "endpoint", name: "never asked for" }] });
    deepEqual(rest.seen(), ["endpoint a"]);
  });
}
