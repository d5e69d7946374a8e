import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { cluster, endpoint, listener, route, snapshotOf, TestClient, wholeParts } from "./stream-harness.ts";

for (const protocol of ["sotw", "delta"] as const) {
  test(`rule 39: a changed cluster's unchanged endpoints are sent again, unasked (${protocol})`, () => {
    const first = snapshotOf(wholeParts(), 1);
    const client = new TestClient(protocol).snapshot(first);
    client.subscribe("cluster").subscribe("endpoint", "a").subscribe("listener").subscribe("route", "r");
    deepEqual(
      client.take().map((r) => r.resourceType),
      ["cluster", "endpoint", "listener", "route"],
    );
    for (const type of ["cluster", "endpoint", "listener", "route"] as const)
      client.answer({
        ...client.stream.types[type].inflight.values().next().value!,
        resourceType: type,
      } as never);
    deepEqual(client.seen(), []);
    client.snapshot(snapshotOf(wholeParts(2), 2, first));
    deepEqual(client.seen(), ["cluster a", "endpoint a"]);
  });
}
