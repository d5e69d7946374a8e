import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { emptySnapshot, type Snapshot } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import { cluster, endpoint, listener, route, secret, TestClient, tlsListener } from "./testing.ts";

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

test("rule 49: what came and went before it could be written is sent as it retires, since the client waits for it", () => {
  const first = snapshotOf([cluster("a")], 1);
  const client = new TestClient("sotw").snapshot(first).sotw("cluster", []).sotw("secret", ["s"]);
  client.open = false;
  client.ack();
  client.snapshot(snapshotOf([cluster("a", 2)], 2, first));
  const third = snapshotOf([cluster("a", 2), secret("s")], 3, client.stream.snapshot);
  client.snapshot(third).snapshot(snapshotOf([cluster("a", 2)], 4, third));
  client.open = true;
  client.drain();
  deepEqual(client.seen(), ["cluster a", "secret s"]);
});

test("rule 49: a client of another stream keeps a cluster that came and went while its edge caught up", () => {
  const first = snapshotOf([], 1);
  const client = new TestClient("sotw").snapshot(first);
  client.sotw("cluster", [], { versionInfo: "1.4-0123456789abcdef" });
  deepEqual(client.seen(), [], "the edge is behind");
  const second = snapshotOf([cluster("a"), cluster("b")], 2, first);
  const third = snapshotOf([cluster("a")], 3, second);
  client
    .snapshot(second)
    .snapshot(third)
    .snapshot(snapshotOf([cluster("a", 2)], 4, third));
  deepEqual(client.seen(), ["cluster a,b"]);
});

test("rule 36: a listener that goes is removed before its secret or table is said to be missing", () => {
  for (const [parts, type, name] of [
    [[tlsListener("l", "s"), secret("s")], "secret", "s"],
    [[listener("l", "r"), route("r", "a"), cluster("a"), endpoint("a")], "route", "r"],
  ] as const) {
    const first = snapshotOf([...parts], 1);
    const client = new TestClient("delta").snapshot(first).subscribe("cluster").subscribe("listener").ack();
    client.open = false;
    client.subscribe("extensionConfig", "busy").take();
    const { retiring } = emptySnapshot("default/gateway");
    const empty = { ...snapshotOf([], 2, first), retireGraceMs: 0, retiring };
    client.snapshot(empty).delta(type, [name]);
    client.open = true;
    client.drain();
    const seen = client.seen();
    const missing = type === "route" ? "route r" : "secret -s";
    ok(seen.indexOf("listener -l") < seen.indexOf(missing), `the listener first, got ${seen}`);
    ok(seen.includes("listener -l"));
  }
});

test("rule 31: a table that retires goes as it was last, and not at all where its clusters are gone", () => {
  const first = snapshotOf([cluster("a"), endpoint("a"), listener("l", "r"), route("r", "a")], 1);
  const second = snapshotOf([cluster("a"), endpoint("a"), listener("l", "r"), route("r", "b")], 2, first);
  const third = snapshotOf([cluster("a"), endpoint("a")], 3, second);
  const asking = (snapshot: Snapshot) =>
    new TestClient("sotw").snapshot(snapshot).sotw("cluster", []).ack().sotw("route", ["r"]).seen();
  deepEqual(asking(snapshotOf([cluster("a"), endpoint("a")], 2, first)), ["route r"]);
  deepEqual(asking(third), []);
});

test("rules 39 and 42: a cluster that stays longer at a client than its endpoints retire does not wait for them", () => {
  const first = snapshotOf([cluster("a"), endpoint("a"), cluster("b"), endpoint("b")], 1);
  const second = snapshotOf([cluster("b"), endpoint("b")], 2, first);
  const { retiring } = emptySnapshot("default/gateway");
  const client = new TestClient("sotw").snapshot({
    ...second,
    retiring: { ...second.retiring, endpoint: retiring.endpoint },
  });
  client.sotw("cluster", [], { versionInfo: first.types.cluster.version }).sotw("endpoint", ["a", "b"]);
  deepEqual(client.seen(), ["cluster a,b", "endpoint a,b"]);
});
