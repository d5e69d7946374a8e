import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { snapshotOf } from "@routeledger/xds-model/testing";
import { cluster, endpoint, listener, route, settledClient, TestClient, wholeParts } from "./testing.ts";

const whole = snapshotOf(wholeParts(), 1);
const two = snapshotOf([...wholeParts(), cluster("b"), endpoint("b")], 1);
const connect = (snapshot = two) => new TestClient("sotw").snapshot(snapshot);

test("rule 16: a response of clusters or listeners holds all of the subscription", () => {
  const parts = Array.from({ length: 100 }, (_, index) => cluster(`c${index}`));
  const first = snapshotOf(parts, 1);
  const client = settledClient("sotw", first);
  client.snapshot(snapshotOf(parts.with(7, cluster("c7", 2)), 2, first));
  equal(client.take()[0]?.resources.length, 100);
});

test("rule 17: a response of endpoints holds only what changed, and is never empty", () => {
  const parts = Array.from({ length: 100 }, (_, index) => endpoint(`e${index}`));
  const first = snapshotOf(parts, 1);
  const client = settledClient("sotw", first);
  client.snapshot(snapshotOf(parts.with(7, endpoint("e7", 2)), 2, first));
  deepEqual(client.seen(), ["endpoint e7"]);
  deepEqual(client.sotw("endpoint", ["nothing"]).seen(), []);
});

test("I5, rule 19: names that come with a stale nonce are taken", () => {
  const client = connect().sotw("endpoint", ["a"]);
  const [stale] = client.take();
  client.snapshot(
    snapshotOf([...wholeParts().with(1, endpoint("a", 2)), cluster("b"), endpoint("b")], 2, two),
  );
  equal(client.take().length, 1);
  client.sotw("endpoint", ["a", "b"], { responseNonce: stale!.nonce, versionInfo: stale!.version });
  deepEqual(client.seen(), ["endpoint b"]);
  client.sotw("endpoint", ["a", "b"], { responseNonce: stale!.nonce, versionInfo: stale!.version });
  deepEqual(client.seen(), [], "a stale nonce by itself is owed nothing");
});

test("rule 20: an added name is sent though the version did not move", () => {
  const client = connect().sotw("endpoint", ["a"]);
  const [first] = client.take();
  client.sotw("endpoint", ["a", "b"], { responseNonce: first!.nonce, versionInfo: first!.version });
  const [second] = client.take();
  equal(second?.version, first?.version);
  deepEqual(
    second?.resources.map(({ name }) => name),
    ["b"],
  );
});

test("rule 21: a name that was dropped and comes back is sent again, unchanged", () => {
  const client = connect().subscribe("endpoint", "a", "b").ack();
  client.subscribe("endpoint", "a");
  deepEqual(client.seen(), []);
  client.subscribe("endpoint", "a", "b");
  deepEqual(client.seen(), ["endpoint b"]);
});

for (const type of ["cluster", "listener"] as const) {
  test(`I8, rule 22: the four documented steps of a wildcard, for ${type}`, () => {
    const made = (name: string, salt: number) =>
      type === "cluster" ? cluster(name, salt) : listener(name, "r", salt);
    const at = (salt: number, before?: typeof two) =>
      snapshotOf([made("A", salt), made("B", salt)], salt, before);
    let snapshot = at(1);
    const client = connect(snapshot).sotw(type, []);
    const rest = () => ({ responseNonce: client.stream.types[type].lastNonce });
    const changed = () => {
      snapshot = at(snapshot.revision.sequence + 1, snapshot);
      client.snapshot(snapshot);
      return client.seen();
    };
    deepEqual(client.seen(), [`${type} A,B`], "no names at first: everything");
    client.sotw(type, ["*", "A"], rest());
    deepEqual(client.seen(), [`${type} A,B`], "a name beside the wildcard");
    deepEqual(changed(), [`${type} A,B`]);
    client.sotw(type, ["A"], rest());
    deepEqual(client.seen(), []);
    deepEqual(changed(), [`${type} A`], "the name without the wildcard");
    client.sotw(type, [], rest());
    deepEqual([...client.seen(), ...changed()], [], "no names after a name: nothing");
  });
}

test("I9, rule 23: the first request of a stream is answered whatever version it claims", () => {
  const held = { versionInfo: two.types.endpoint.version };
  deepEqual(connect().sotw("endpoint", ["a"], held).seen(), ["endpoint a"]);
  const early = new TestClient("sotw").sotw("endpoint", ["a"], held);
  deepEqual(early.seen(), []);
  deepEqual(
    early.snapshot(two).seen(),
    ["endpoint a"],
    "also when the snapshot comes later, at that version",
  );
});

test("I11, rule 24: a repeated request is answered once, then once an interval or cluster response", () => {
  const client = connect().sotw("endpoint", ["a"]);
  const [first] = client.take();
  const repeat = () => client.sotw("endpoint", ["a"], ackOf(client, first!.version));
  repeat();
  deepEqual(client.seen(), [], "the ACK itself");
  repeat();
  deepEqual(client.seen(), ["endpoint a"], "the repeated ACK");
  for (let times = 0; times < 10; times++) repeat();
  deepEqual(client.seen(), []);
  client.fire("duplicate");
  deepEqual(client.seen(), ["endpoint a"], "those that came meanwhile, together");
  client.fire("duplicate");
  deepEqual(client.seen(), [], "nobody asked meanwhile");
  repeat();
  repeat();
  deepEqual(client.seen(), ["endpoint a"]);
});

function ackOf(client: TestClient, versionInfo: string) {
  return { responseNonce: client.stream.types.endpoint.lastNonce, versionInfo };
}

test("rule 24: an ACK that is repeated while endpoints are owed asks for nothing more", () => {
  const client = settledClient("sotw", whole);
  const before = ackOf(client, "");
  client.snapshot(snapshotOf(wholeParts(2), 2, whole));
  client.sotw("endpoint", ["a"], before);
  deepEqual(client.seen(), ["cluster a", "endpoint a"]);
});

test("rule 60: a gRPC client that names clusters gets all that it names and that exist", () => {
  const client = new TestClient("sotw", "gRPC Node Pure JS").snapshot(two);
  client.sotw("cluster", ["a", "b", "missing"]);
  deepEqual(client.ack().seen(), []);
  client.snapshot(snapshotOf([cluster("a", 2), cluster("b"), endpoint("a"), endpoint("b")], 2, two));
  deepEqual(client.seen()[0], "cluster a,b");
});

test("rule 60: a missing listener is said at once, by a response without it", () => {
  const client = new TestClient("sotw", "gRPC Go").snapshot(two).sotw("listener", ["missing"]);
  deepEqual(client.seen(), ["listener"]);
});

test("I8, rule 61: no names from a gRPC client are nothing, never everything", () => {
  const client = new TestClient("sotw", "gRPC C-core").snapshot(two);
  deepEqual(client.sotw("cluster", []).sotw("listener", []).seen(), []);
});

test("rule 49: a client that comes back in the middle of a removal keeps what its old routes may need", () => {
  const parts = [cluster("b"), endpoint("b"), listener("l", "r"), route("r", "b")];
  const after = snapshotOf(parts, 2, whole);
  const client = connect(after);
  client.sotw("cluster", [], { versionInfo: whole.types.cluster.version });
  deepEqual(client.seen(), ["cluster a,b"]);
  const fresh = connect(after).sotw("cluster", []);
  deepEqual(fresh.seen(), ["cluster b"], "one that held nothing needs nothing old");
  const moved = connect(after).sotw("cluster", [], { versionInfo: after.types.cluster.version });
  deepEqual(moved.seen(), ["cluster b"], "one that held the new set has none of the old");
});

test("rule 49: a cluster that leaves before a client that came back got its first response stays in it", () => {
  const client = connect(whole);
  client.open = false;
  client.sotw("listener", []).take();
  client.sotw("cluster", [], { versionInfo: whole.types.cluster.version });
  client.snapshot(snapshotOf([cluster("b"), endpoint("b"), listener("l", "r"), route("r", "b")], 2, whole));
  client.open = true;
  client.drain();
  deepEqual(client.seen()[0], "cluster a,b");
});

test("I24, limits: a client that names too many resources is closed", () => {
  const client = connect();
  const names = Array.from({ length: 200_001 }, (_, index) => `e${index}`);
  client.sotw("endpoint", names);
  ok(client.facts.some((fact) => fact.type === "close" && fact.code === "RESOURCE_EXHAUSTED"));
});

test("I24, limits: a client that never answers makes no growing list of responses", () => {
  let snapshot = whole;
  const client = settledClient("sotw", snapshot);
  for (let at = 2; at < 300; at++) {
    snapshot = snapshotOf(wholeParts().with(1, endpoint("a", at)), at, snapshot);
    client.snapshot(snapshot);
  }
  equal(client.stream.types.endpoint.inflight.size, 64);
});

test("rule 42: a cluster that is gone gets no endpoints when the request for clusters stays away", () => {
  const first = snapshotOf([cluster("a"), endpoint("a")], 1);
  const client = new TestClient("sotw").snapshot(first).sotw("endpoint", ["a", "ghost"]);
  deepEqual(client.seen(), ["endpoint a"]);
  client.fire("warming");
  const [none] = client.take();
  deepEqual([none?.resources.map(({ name }) => name), none?.resources[0]?.bytes.length], [["ghost"], 7]);
  client.sotw("endpoint", ["a", "later"], { responseNonce: none?.nonce ?? "" });
  deepEqual(client.seen(), ["endpoint later"]);
});

test("rule 41: a client that asks for clusters is not told that endpoints are none", () => {
  const first = snapshotOf([cluster("a"), endpoint("a")], 1);
  const client = new TestClient("sotw").snapshot(first).sotw("endpoint", ["ghost"]).sotw("cluster", []);
  client.take();
  client.fire("warming");
  deepEqual(client.seen(), []);
});
