import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import type { StreamOutput } from "./stream-io.ts";
import { settledClient } from "./testing.ts";

for (const protocol of ["sotw", "delta"] as const) {
  test(`a client that holds all of a newer snapshot has acknowledged it, though nothing is sent (${protocol})`, () => {
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

function revisionOf(output: StreamOutput): string[] {
  return output.type === "acked"
    ? [`acked ${output.fact.resourceType} ${output.fact.revision.sequence}`]
    : [];
}
