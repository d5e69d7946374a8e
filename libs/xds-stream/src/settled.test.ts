import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import type { StreamOutput } from "./stream-io.ts";
import { settledClient, TestClient } from "./testing.ts";

for (const protocol of ["sotw", "delta"] as const) {
  test(`I26: a client that holds all of a newer snapshot has acknowledged it, though nothing is sent (${protocol})`, () => {
    const one = snapshotOf([partOf("cluster", "one")], 1);
    const two = snapshotOf([partOf("cluster", "two")], 2, one);
    const again = snapshotOf([partOf("cluster", "one")], 3, two);
    const client = settledClient(protocol, one);
    client.snapshot(two);
    client.ack();
    const told = client.facts.length;
    client.snapshot(again);
    const acked = () => client.facts.slice(told).flatMap(revisionOf);
    deepEqual(acked(), ["acked cluster 3"]);
    client.snapshot(snapshotOf([partOf("cluster", "one")], 4, again));
    deepEqual(acked(), ["acked cluster 3"]);
  });
}

test("rule 60: a gRPC client has acknowledged a snapshot in which nothing changed that it asked for", () => {
  const one = snapshotOf([partOf("cluster", "a"), partOf("cluster", "b")], 1);
  const client = new TestClient("sotw", "gRPC Go").snapshot(one).sotw("cluster", ["a"]);
  client.ack();
  const told = client.facts.length;
  const two = snapshotOf([partOf("cluster", "a"), partOf("cluster", "b", { altStatName: "new" })], 2, one);
  client.snapshot(two);
  deepEqual(client.facts.slice(told).flatMap(revisionOf), ["acked cluster 2"]);
  client.snapshot(snapshotOf([partOf("cluster", "a", { altStatName: "new" })], 3, two));
  deepEqual(client.facts.slice(told).flatMap(revisionOf), ["acked cluster 2"], "a is on its way");
});

test("rule 41: a stream of a per-type service has acknowledged what changes beside its names, an aggregated one has not", () => {
  const one = snapshotOf([partOf("endpoint", "a"), partOf("endpoint", "b")], 1);
  const two = snapshotOf([partOf("endpoint", "a"), partOf("endpoint", "b", { policy: {} })], 2, one);
  const told = (options: { resourceType?: "endpoint" }): string[] => {
    const client = new TestClient("delta", "envoy", options).snapshot(one).delta("endpoint", ["a"]);
    client.ack();
    const before = client.facts.length;
    client.snapshot(two);
    return client.facts.slice(before).flatMap(revisionOf);
  };
  deepEqual(told({ resourceType: "endpoint" }), ["acked endpoint 2"]);
  deepEqual(told({}), []);
});

test("rule 73: a client that comes back with all but what it then rejects has acknowledged the rest", () => {
  const b = partOf("cluster", "b", { altStatName: "bad" });
  const snapshot = snapshotOf([partOf("cluster", "a"), b], 2);
  const held = snapshot.types.cluster.resources.get("a")?.version ?? "";
  const initialResourceVersions = { a: held, b: "1.1-0000000000000000" };
  const client = new TestClient("delta").snapshot(snapshot).delta("cluster", [], { initialResourceVersions });
  const [refused] = client.take();
  deepEqual(
    refused?.resources.map(({ name }) => name),
    ["b"],
  );
  ok(refused);
  client.answer(refused, "b is bad");
  deepEqual(client.facts.flatMap(revisionOf), ["acked cluster 2"]);
  client.snapshot(snapshotOf([partOf("cluster", "a"), b, partOf("listener", "l")], 3, snapshot));
  deepEqual(client.facts.flatMap(revisionOf), ["acked cluster 2"], "once");
});

function revisionOf(output: StreamOutput): string[] {
  return output.type === "acked"
    ? [`acked ${output.fact.resourceType} ${output.fact.revision.sequence}`]
    : [];
}
