import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { snapshotOf } from "@routeledger/xds-model/testing";
import { cluster, secret, TestClient } from "./testing.ts";

const both = snapshotOf([cluster("a"), cluster("b")], 1);
const without = snapshotOf([cluster("a")], 2, both);

test("rule 60: a cluster that a gRPC client names is deleted when its grace is over", () => {
  const client = new TestClient("sotw", "gRPC Go").snapshot(both).sotw("cluster", ["a", "b"]).ack();
  client.snapshot(without);
  deepEqual(client.seen(), []);
  client.fire("grace");
  deepEqual(client.seen(), ["cluster a"]);
  client.snapshot(snapshotOf([cluster("a", 2)], 3, without));
  deepEqual(client.seen(), ["cluster a"]);
});

test("rule 60: a retiring cluster that is named by a new client is deleted when its grace is over", () => {
  const client = new TestClient("sotw", "gRPC Go").snapshot(without).sotw("cluster", ["a", "b"]);
  deepEqual(client.seen(), ["cluster a,b"]);
  client.fire("grace");
  deepEqual(client.seen(), ["cluster a"]);
});

test("rule 31: a retiring secret that a delta client asks for is removed when its grace is over", () => {
  const held = snapshotOf([secret("s")], 1);
  const client = new TestClient("delta").snapshot(snapshotOf([cluster("a")], 2, held)).delta("secret", ["s"]);
  deepEqual(client.ack().seen(), []);
  client.fire("grace");
  deepEqual(client.seen(), ["secret -s"]);
});

test("P6: what leaves goes on as it was sent last, not as it was acknowledged before", () => {
  const first = snapshotOf([cluster("a", 1)], 1);
  const client = new TestClient("sotw").snapshot(first).sotw("cluster", []).ack();
  const second = snapshotOf([cluster("a", 2)], 2, first);
  client.snapshot(second);
  const third = snapshotOf([cluster("b")], 3, second);
  client.snapshot(third);
  const sent = client.take().map(({ resources }) => resources.map(({ digest }) => digest));
  deepEqual(sent, [[cluster("a", 2).digest], [cluster("a", 2).digest, cluster("b").digest]]);
});
