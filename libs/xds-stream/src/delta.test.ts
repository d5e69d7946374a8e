import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { ResourceType, Snapshot } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import {
  cluster,
  endpoint,
  extensionConfig,
  listener,
  route,
  secret,
  settledClient,
  TestClient,
  wholeParts,
} from "./testing.ts";

const whole = snapshotOf(wholeParts(), 1);
const two = snapshotOf([...wholeParts(), cluster("b"), endpoint("b"), route("q", "b")], 1);
const connect = (snapshot = two) => new TestClient("delta").snapshot(snapshot);
const versionsOf = (snapshot: Snapshot, type: ResourceType) =>
  Object.fromEntries([...snapshot.types[type].resources].map(([name, { version }]) => [name, version]));

for (const type of ["endpoint", "route", "cluster"] as const) {
  test(`I10, rule 26: a ${type} that is subscribed to again is sent again`, () => {
    const name = type === "route" ? "r" : "a";
    const client = connect().delta(type, [name]).ack();
    deepEqual(client.delta(type, [name]).seen(), [`${type} ${name}`]);
  });
}

test("rule 26: a wildcard that is subscribed to again is sent whole", () => {
  const client = connect().delta("cluster", ["*"]).ack();
  deepEqual(client.delta("cluster", ["*"]).seen(), ["cluster a,b"]);
});

test("I5, rule 27: what was unsubscribed and is subscribed again is sent, unchanged", () => {
  const client = connect().delta("route", ["r", "q"]).ack();
  client.delta("route", [], { resourceNamesUnsubscribe: ["r", "q"] });
  deepEqual(client.seen(), []);
  deepEqual(client.delta("route", ["r", "q"]).seen(), ["route q,r"]);
});

test("I5, rule 28: names count in an ACK, in a NACK and with a stale nonce", () => {
  const client = connect().delta("endpoint", ["a"]);
  const [first] = client.take();
  client.delta("endpoint", ["b"], { responseNonce: "stale" });
  const [second] = client.take();
  equal(second?.resources[0]?.name, "b");
  client.delta("endpoint", ["c"], { responseNonce: first!.nonce });
  deepEqual(client.seen(), ["endpoint -c"]);
  const errorDetail = { code: 3, message: "no", details: [] };
  client.delta("endpoint", ["a"], { responseNonce: second!.nonce, errorDetail });
  deepEqual(client.seen(), ["endpoint a"]);
});

for (const type of ["endpoint", "secret", "cluster", "extensionConfig"] as const) {
  test(`I10, rule 29: a missing ${type} is said to be missing at once, and sent when it appears`, () => {
    const part = {
      endpoint: endpoint("z"),
      secret: secret("z"),
      cluster: cluster("z"),
      extensionConfig: extensionConfig("z"),
    }[type];
    const client = connect().delta(type, ["z"]);
    deepEqual(client.seen(), [`${type} -z`]);
    client.snapshot(snapshotOf([...wholeParts(), part], 2, two));
    deepEqual(client.seen(), [`${type} z`]);
  });
}

test("rules 29 and 36: a missing route table is sent as one that answers 404, never removed", () => {
  const client = connect().delta("route", ["z"]);
  const [response] = client.take();
  deepEqual([response?.resources.map(({ name }) => name), response?.removed], [["z"], []]);
  deepEqual([...response!.resources[0]!.bytes], [0x0a, 1, "z".charCodeAt(0)]);
  client.answer(response!);
  client.snapshot(snapshotOf([...wholeParts(), route("z", "a")], 2, two));
  deepEqual(client.seen(), ["route z"]);
});

test("rule 36: a route table that a listener still names and that is gone becomes one that answers 404", () => {
  const client = settledClient("delta", two);
  const parts = [cluster("a"), endpoint("a"), listener("l", "r")];
  const without = snapshotOf(parts, 2, two);
  client.snapshot({ ...without, retiring: two.retiring });
  deepEqual(client.seen(), ["route r"]);
});

test("I10, rule 30: a name beside a wildcard that is unsubscribed is answered", () => {
  const client = connect().delta("cluster", ["*", "a", "ghost"]).ack();
  client.take();
  client.delta("cluster", [], { resourceNamesUnsubscribe: ["a", "ghost", "never"] });
  deepEqual(client.seen(), ["cluster a -ghost"]);
});

test("I9, rule 31: a new stream is sent what differs, told what is gone, and not sent what it holds", () => {
  const client = connect(whole);
  const versions = { a: whole.types.cluster.resources.get("a")!.version, Gone: "1.1-0000000000000000" };
  client.delta("cluster", [], { initialResourceVersions: versions });
  const [first, second] = client.take();
  deepEqual([first?.resources, first?.removed], [[], []], "the first wildcard request is answered (rule 33)");
  deepEqual([second?.resources, second?.removed], [[], ["Gone"]]);
  const old = connect(whole).delta("cluster", [], { initialResourceVersions: { a: "1.1-0000000000000000" } });
  deepEqual(old.seen(), ["cluster a"]);
});

test("rule 31: endpoints are sent on a new stream whatever version they show, without a CDS request", () => {
  const client = connect().delta("endpoint", ["a", "b"], {
    initialResourceVersions: versionsOf(two, "endpoint"),
  });
  deepEqual(client.seen(), ["endpoint a,b"]);
});

test("I9, rule 31: a cluster that is asked endpoints for and does not exist is removed by name", () => {
  const client = connect().delta("cluster", []).delta("endpoint", ["a", "ghost"]);
  deepEqual(client.seen(), ["cluster a,b", "endpoint a,b", "endpoint -ghost", "cluster -ghost"]);
});

test("rule 31: what a rejected response introduced is removed by name when it goes", () => {
  const client = settledClient("delta", whole);
  const second = snapshotOf([...wholeParts(), cluster("bad"), endpoint("bad")], 2, whole);
  client.snapshot(second);
  for (const response of client.take())
    client.answer(response, response.resourceType === "cluster" ? "no" : undefined);
  const third = snapshotOf(wholeParts(), 3, second);
  client.snapshot(third);
  client.fire("grace");
  deepEqual(client.seen(), ["cluster -bad"]);
});

test("rule 31: the table of a listener that is sent anew is not skipped, though the client shows its version", () => {
  const after = snapshotOf(wholeParts().with(2, listener("l", "r", 30)), 2, whole);
  const client = connect(after).delta("listener", [], {
    initialResourceVersions: versionsOf(whole, "listener"),
  });
  deepEqual(client.seen(), ["listener l"]);
  client.delta("route", ["r"], { initialResourceVersions: versionsOf(whole, "route") });
  client.fire("gate");
  deepEqual(client.seen(), ["route r"]);
});

test("I14, rule 32: equal bytes are not sent again, whatever revision the version names", () => {
  const again = snapshotOf(wholeParts(), 9);
  for (const type of ["cluster", "listener"] as const) {
    const client = connect({ ...again, revision: { epoch: 1, sequence: 9 } });
    client.delta(type, [], { initialResourceVersions: versionsOf(whole, type) });
    deepEqual(client.seen(), [type], "one empty answer");
  }
});

test("I20, rule 34: an extension config that goes is left to the client", () => {
  const first = snapshotOf([...wholeParts(), extensionConfig("e")], 1);
  const client = settledClient("delta", first).delta("extensionConfig", ["e"]).ack();
  client.snapshot(snapshotOf(wholeParts(), 2, first));
  client.fire("grace");
  deepEqual(client.seen(), []);
});

test("I20, rule 35: endpoints are never removed by name from a client that holds them", () => {
  const client = settledClient("delta", two);
  client.snapshot(snapshotOf([...wholeParts(), route("q", "a")], 2, two)).ack();
  client.fire("grace");
  const seen = client.seen();
  ok(seen.includes("cluster -b"));
  ok(!seen.some((text) => text.startsWith("endpoint -")), seen.join("; "));
});

test("I8, rule 37: the four documented steps of a wildcard", () => {
  const at = (salt: number, before?: Snapshot) =>
    snapshotOf([cluster("A", salt), cluster("B", salt)], salt, before);
  let snapshot = at(1);
  const client = connect(snapshot).delta("cluster", []);
  const changed = () => {
    snapshot = at(snapshot.revision.sequence + 1, snapshot);
    return client.snapshot(snapshot).seen();
  };
  deepEqual(client.seen(), ["cluster A,B"]);
  deepEqual(client.delta("cluster", ["A"]).seen(), ["cluster A"]);
  deepEqual(changed(), ["cluster A,B"], "the wildcard goes on");
  client.delta("cluster", [], { resourceNamesUnsubscribe: ["*"] });
  deepEqual([client.seen(), changed()], [[], ["cluster A"]]);
  client.delta("cluster", [], { resourceNamesUnsubscribe: ["A"] });
  deepEqual([client.seen(), changed()], [[], []], "no names after a name: nothing");
});

test("rule 49: a client that comes back in the middle of a removal keeps what its old routes may need", () => {
  const parts = [cluster("b"), endpoint("b"), listener("l", "r"), route("r", "b")];
  const after = snapshotOf(parts, 2, whole);
  const client = connect(after);
  for (const type of ["cluster", "listener"] as const)
    client.delta(type, [], { initialResourceVersions: versionsOf(whole, type) });
  client.delta("endpoint", ["a"]);
  client.delta("route", ["r"], { initialResourceVersions: versionsOf(whole, "route") });
  client.fire("grace");
  ok(!client.responses.some(({ removed }) => removed.includes("a")), "its table is not acknowledged yet");
  client.ack();
  deepEqual(client.seen(), ["cluster -a"]);
});

test("I20, rule 36: a table that is asked for again while its listener drains is sent as it was, never removed", () => {
  const client = settledClient("delta", two);
  const without = { ...snapshotOf([cluster("a"), endpoint("a")], 2, two), retiring: two.retiring };
  client.snapshot(without).ack();
  client.delta("route", ["r"]);
  const [response] = client.take();
  deepEqual(response?.removed, []);
  deepEqual(response?.resources[0]?.digest, two.types.route.resources.get("r")?.digest);
});

test("I15, rule 42: endpoints that a cluster names and that nobody has are none, never missing", () => {
  const client = connect(snapshotOf([cluster("a")], 1)).delta("endpoint", ["a"]);
  const [response] = client.take();
  deepEqual([response?.resources.map(({ name }) => name), response?.removed], [["a"], []]);
  deepEqual([...response!.resources[0]!.bytes], [0x0a, 1, "a".charCodeAt(0)]);
});
