import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { snapshotOf } from "@routeledger/xds-model/testing";
import {
  cluster,
  endpoint,
  inlineListener,
  listener,
  route,
  secret,
  settledClient,
  TestClient,
  textOf,
  tlsListener,
  wholeParts,
} from "./testing.ts";

const unknownUrl = "type.googleapis.com/foo.Bar";

/** Rules that hold for both protocols. */
for (const protocol of ["sotw", "delta"] as const) {
  const rule = (name: string, body: () => void) => test(`${name} (${protocol})`, body);
  const whole = snapshotOf(wholeParts(), 1);

  rule("I23, rule 1: an empty type URL on ADS is INVALID_ARGUMENT", () => {
    const client = new TestClient(protocol).snapshot(whole);
    if (protocol === "sotw") client.sotw("", []);
    else client.delta("", []);
    deepEqual(
      client.facts.map((fact) => fact.type === "close" && fact.code),
      ["INVALID_ARGUMENT"],
    );
  });

  rule("I23, rule 2: only the first request needs a node, and it needs an id", () => {
    const client = new TestClient(protocol).snapshot(whole);
    client.subscribe("cluster").subscribe("endpoint", "a");
    deepEqual(
      client.facts.map(({ type }) => type),
      ["connected"],
    );
    const nameless = new TestClient(protocol).snapshot(whole);
    if (protocol === "sotw") nameless.sotw("cluster", [], { node: undefined });
    else nameless.delta("cluster", [], { node: undefined });
    deepEqual(
      nameless.facts.map((fact) => fact.type === "close" && fact.code),
      ["INVALID_ARGUMENT"],
    );
  });

  rule("I1, rule 3: two streams of one node share nothing", () => {
    const one = settledClient(protocol, whole);
    const two = new TestClient(protocol).snapshot(whole).subscribe("route", "r");
    deepEqual(two.seen(), ["route r"]);
    two.subscribe("endpoint", "a");
    deepEqual([one.seen(), two.seen()], [[], ["endpoint a"]]);
  });

  rule("rule 4: nonces are never empty and never used twice", () => {
    let snapshot = whole;
    const client = settledClient(protocol, snapshot);
    const nonces = new Set<string>();
    for (let at = 2; at < 300; at++) {
      snapshot = snapshotOf([...wholeParts(), endpoint("x")].with(1, endpoint("a", at)), at, snapshot);
      client.snapshot(snapshot);
      for (const response of client.take()) {
        ok(response.nonce !== "" && !nonces.has(response.nonce), response.nonce);
        nonces.add(response.nonce);
        client.answer(response);
      }
    }
    equal(nonces.size, 298);
  });

  rule("I6, rule 5: an answer with an error is a NACK, whatever version it shows", () => {
    const both = snapshotOf([...wholeParts(), cluster("b"), endpoint("b")], 1);
    const client = settledClient(protocol, snapshotOf([...wholeParts(), cluster("b")], 1));
    client.snapshot(both).subscribe("endpoint", "a", "b");
    const [response] = client.take().filter(({ resources }) => resources.some(({ name }) => name === "b"));
    client.answer(response!, "no");
    const nacks = client.facts.flatMap((fact) => (fact.type === "nacked" ? [fact.fact] : []));
    deepEqual(
      nacks.map(({ resourceType, message }) => [resourceType, message]),
      [["endpoint", "no"]],
    );
    ok(nacks[0]?.resources.some(({ name }) => name === "b"));
  });

  rule("I7, rule 6: rejected content is not sent again, new content is sent once", () => {
    const client = settledClient(protocol, whole);
    const bad = snapshotOf(wholeParts(2), 2, whole);
    client.snapshot(bad);
    const [first] = client.take();
    for (let repeats = 0; repeats < 10; repeats++) client.answer(first!, "no");
    deepEqual(client.seen(), []);
    client.snapshot(snapshotOf(wholeParts(3), 3, bad));
    deepEqual(client.seen(), ["cluster a", "endpoint a"]);
  });

  rule("rule 6: rejected content that comes back unseen in between is not sent again", () => {
    const client = settledClient(protocol, whole);
    const bad = snapshotOf(wholeParts().with(1, endpoint("a", 2)), 2, whole);
    const good = snapshotOf(wholeParts().with(1, endpoint("a", 3)), 3, bad);
    client.snapshot(bad);
    client.open = false;
    client.answer(client.take()[0]!, "no");
    client.stream.phase = "writing";
    client.snapshot(good).snapshot(snapshotOf(wholeParts().with(1, endpoint("a", 2)), 4, good));
    client.open = true;
    client.drain();
    deepEqual(client.seen(), []);
  });

  rule("I5, rule 6: names in a NACK are taken", () => {
    const more = snapshotOf([...wholeParts(), endpoint("b")], 1);
    const client = new TestClient(protocol).snapshot(more).subscribe("endpoint", "a");
    const [first] = client.take();
    const rest = { responseNonce: first!.nonce, errorDetail: { code: 3, message: "no", details: [] } };
    if (protocol === "sotw") client.sotw("endpoint", ["a", "b"], rest);
    else client.delta("endpoint", ["b"], rest);
    deepEqual(client.seen(), ["endpoint b"]);
  });

  rule("rule 7: all that a rejected response carried is sent again, whatever of it was bad", () => {
    const parts = (a: number, b: number) => [endpoint("a", a), endpoint("b", b)];
    const first = snapshotOf(parts(1, 1), 1);
    const client = settledClient(protocol, first);
    const second = snapshotOf(parts(2, 2), 2, first);
    client.snapshot(second);
    const [bad] = client.take();
    equal(textOf(bad!), "endpoint a,b");
    client.answer(bad!, "no");
    const [ofA] = client.take();
    equal(textOf(ofA!), "endpoint a");
    client.answer(ofA!, "no");
    deepEqual(client.seen(), ["endpoint b"]);
    client.snapshot(snapshotOf(parts(3, 2), 3, second));
    deepEqual(client.seen(), ["endpoint a"]);
  });

  rule("rules 7 and 73: a resource that was rejected alone is not sent along with others", () => {
    const parts = (a: number, b: number) => [endpoint("a", a), endpoint("b", b)];
    const first = snapshotOf(parts(1, 1), 1);
    const client = settledClient(protocol, first);
    const second = snapshotOf(parts(2, 1), 2, first);
    const third = snapshotOf(parts(2, 2), 3, second);
    client.snapshot(second);
    client.answer(client.take()[0]!, "a is bad");
    client.snapshot(third);
    deepEqual(client.seen(), ["endpoint b"]);
    client.snapshot(snapshotOf(parts(3, 2), 4, third));
    deepEqual(client.seen(), ["endpoint a"]);
  });

  rule("rule 7: what was rejected beside what is gone is sent again", () => {
    const first = snapshotOf([endpoint("a"), endpoint("b")], 1);
    const client = new TestClient(protocol).snapshot(first).subscribe("endpoint", "a", "b");
    client.stream.phase = "writing";
    client.answer(client.take()[0]!, "no").snapshot(snapshotOf([endpoint("b")], 2, first));
    client.drain();
    deepEqual(client.seen(), ["endpoint b"]);
  });

  rule("rule 7: a NACK that comes after one of its resources was replaced brings the others again", () => {
    const parts = (a: number) => [endpoint("a", a), endpoint("b", 2)];
    const first = snapshotOf(parts(2), 1);
    const client = new TestClient(protocol).snapshot(first).subscribe("endpoint", "a", "b");
    const [bad] = client.take();
    client.snapshot(snapshotOf(parts(3), 2, first));
    const [mended] = client.take();
    equal(textOf(mended!), "endpoint a");
    client.answer(bad!, "no").answer(mended!);
    deepEqual(client.seen(), ["endpoint b"]);
  });

  rule("I7, rule 7: a rejected EDS response owes what else was on its way", () => {
    const first = snapshotOf([...wholeParts(), endpoint("b")], 1);
    const client = settledClient(protocol, first);
    client.subscribe("endpoint", "a", "b").ack();
    client.ack();
    const second = snapshotOf([...wholeParts().with(1, endpoint("a", 2)), endpoint("b")], 2, first);
    const third = snapshotOf([...wholeParts().with(1, endpoint("a", 2)), endpoint("b", 2)], 3, second);
    client.snapshot(second).snapshot(third);
    const [ofA, ofB] = client.take();
    deepEqual([textOf(ofA!), textOf(ofB!)], ["endpoint a", "endpoint b"]);
    client.answer(ofA!, "no");
    deepEqual(client.seen(), ["endpoint b"]);
  });

  rule("rule 7: a client that rejects everything is sent each content a bounded number of times", () => {
    const parts = ["a", "b", "c", "d"].map((name) => endpoint(name));
    const client = new TestClient(protocol).snapshot(snapshotOf(parts, 1));
    client.subscribe("endpoint", "a").subscribe("endpoint", "a", "b");
    client.subscribe("endpoint", "a", "b", "c").subscribe("endpoint", "a", "b", "c", "d");
    let answered = 0;
    for (let next = client.responses.shift(); next !== undefined; next = client.responses.shift()) {
      client.answer(next, "no");
      ok(++answered < 50, "it ends");
    }
  });

  rule("rule 8: after a NACK of CDS its valid clusters still get endpoints", () => {
    const client = new TestClient(protocol).snapshot(whole).subscribe("cluster");
    const [cds] = client.take();
    client.answer(cds!, "one of them is bad").subscribe("endpoint", "a");
    deepEqual(client.seen(), ["endpoint a"]);
  });

  rule("I14, rule 9: equal content is sent to nobody, in whichever order it was made", () => {
    const client = settledClient(protocol, whole);
    for (let at = 2; at < 102; at++) client.snapshot(snapshotOf(wholeParts().reverse(), at));
    deepEqual(client.seen(), []);
  });

  rule("rule 10: a response names each resource once, and only its own type", () => {
    const client = new TestClient(protocol).snapshot(whole);
    client.subscribe("cluster", "*", "a").subscribe("cluster", "*", "a", "b");
    for (const { resources, removed, resourceType } of client.take()) {
      const names = [...resources.map(({ name }) => name), ...removed];
      equal(new Set(names).size, names.length);
      ok(resources.every(({ type }) => type === resourceType));
    }
  });

  rule("rule 11: what nobody wants any more is not written when the socket takes more", () => {
    const more = [...wholeParts(), endpoint("b")];
    const first = snapshotOf(more, 1);
    const client = settledClient(protocol, first);
    client.open = false;
    client.snapshot(snapshotOf(wholeParts(2).with(1, endpoint("a", 2)), 2, first));
    equal(textOf(client.take()[0]!), "cluster a");
    if (protocol === "sotw") client.sotw("endpoint", []);
    else client.delta("endpoint", [], { resourceNamesUnsubscribe: ["a", "b"] });
    client.drain();
    deepEqual(client.seen(), []);
  });

  rule("I23, rule 12: a type that is not served is silent, and the stream lives on", () => {
    const client = new TestClient(protocol).snapshot(whole);
    if (protocol === "sotw") client.sotw(unknownUrl, ["x"]);
    else client.delta(unknownUrl, ["x"]);
    deepEqual(client.seen(), []);
    client.subscribe("cluster");
    deepEqual(client.seen(), ["cluster a"]);
    deepEqual([...(client.stream.unknownTypes.get(unknownUrl) ?? [])], ["x"]);
  });

  for (const type of ["endpoint", "route", "secret", "extensionConfig"] as const) {
    rule(`I8, rule 13: a first request without names wants nothing of ${type}`, () => {
      const client = new TestClient(protocol).snapshot(snapshotOf([...wholeParts(), secret("s")], 1));
      deepEqual(client.subscribe(type).seen(), []);
    });
  }

  for (const type of ["cluster", "endpoint", "secret"] as const) {
    rule(`I10, rule 14: a missing ${type} is sent when it appears`, () => {
      const part = { cluster: cluster("z"), endpoint: endpoint("z"), secret: secret("z") }[type];
      const client = new TestClient(protocol).snapshot(whole).subscribe(type, "z");
      client.ack();
      client.take();
      client.snapshot(snapshotOf([...wholeParts(), part], 2, whole));
      deepEqual(client.seen(), [`${type} z`]);
    });
  }

  rule("rule 15: one name too many on either side withholds nothing", () => {
    const first = snapshotOf([...wholeParts(), endpoint("extra")], 1);
    const client = new TestClient(protocol).snapshot(first).subscribe("endpoint", "a", "missing");
    equal(
      client
        .take()
        .flatMap(({ resources }) => resources)
        .map(({ name }) => name)
        .join(),
      "a",
    );
  });

  rule("I9, rules 18 and 33: an empty set of clusters and listeners is answered at once", () => {
    const client = new TestClient(protocol).snapshot(snapshotOf([endpoint("x")], 1));
    deepEqual(client.subscribe("cluster").subscribe("listener").seen(), ["cluster", "listener"]);
  });

  rule("I15, rule 39: a changed cluster's unchanged endpoints are sent again, unasked", () => {
    const client = settledClient(protocol, whole);
    const second = snapshotOf(wholeParts(2), 2, whole);
    client.snapshot(second);
    deepEqual(client.seen(), ["cluster a", "endpoint a"]);
    client.snapshot(snapshotOf(wholeParts(1), 3, second));
    deepEqual(client.seen(), ["cluster a", "endpoint a"], "going back to older bytes counts");
  });

  rule("rule 39: a new cluster's endpoints follow it before they are asked for", () => {
    const client = settledClient(protocol, whole);
    client.snapshot(snapshotOf([...wholeParts(), cluster("b"), endpoint("b")], 2, whole));
    deepEqual(client.seen(), [protocol === "sotw" ? "cluster a,b" : "cluster b", "endpoint b"]);
  });

  rule("I15, rule 39: owed endpoints go alone, before endpoints that changed", () => {
    const first = snapshotOf([...wholeParts(), cluster("b"), endpoint("b")], 1);
    const client = settledClient(protocol, first);
    const parts = [...wholeParts(2), cluster("b"), endpoint("b", 2)];
    client.snapshot(snapshotOf(parts, 2, first));
    deepEqual(client.seen().slice(1), ["endpoint a", "endpoint b"]);
  });

  rule("rule 39: endpoints stay owed when an unsubscribe of before crosses their cluster", () => {
    const parts = [...wholeParts(), cluster("b"), endpoint("b")];
    const with2 = snapshotOf(parts, 1);
    const client = settledClient(protocol, with2);
    const without = snapshotOf(wholeParts(), 2, with2);
    client.snapshot(without);
    client.fire("grace");
    client.ack();
    client.open = false;
    client.snapshot(snapshotOf(parts, 3, without));
    if (protocol === "sotw") client.subscribe("endpoint", "a");
    else client.delta("endpoint", [], { resourceNamesUnsubscribe: ["b"] });
    client.open = true;
    client.drain();
    deepEqual(client.seen(), [protocol === "sotw" ? "cluster a,b" : "cluster b", "endpoint b"]);
  });

  rule("I15, rule 40: clusters that share endpoints owe them when either changes", () => {
    const parts = (salt: number) => [cluster("a", 1, "e"), cluster("b", salt, "e"), endpoint("e")];
    const first = snapshotOf(parts(1), 1);
    const client = settledClient(protocol, first);
    client.snapshot(snapshotOf(parts(2), 2, first));
    deepEqual(client.seen().at(-1), "endpoint e");
  });

  rule("rule 42: endpoints without a host are sent like any others", () => {
    const client = new TestClient(protocol).snapshot(snapshotOf([cluster("a"), endpoint("a", 0)], 1));
    deepEqual(client.subscribe("endpoint", "a").seen(), ["endpoint a"]);
  });

  const inlined = [...wholeParts().slice(0, 2), inlineListener("l"), route("r", "a")];

  rule("I15, rule 43: a listener that names its table again gets the unchanged table again", () => {
    const client = settledClient(protocol, whole);
    const failed = snapshotOf(inlined, 2, whole);
    client.snapshot(failed);
    deepEqual(client.seen(), ["listener l"]);
    client.snapshot(snapshotOf(wholeParts(), 3, failed));
    deepEqual(client.seen(), ["listener l", "route r"]);
  });

  rule("rule 43: other bytes that name the same table owe the table", () => {
    const client = settledClient(protocol, whole);
    client.snapshot(snapshotOf(wholeParts().with(2, listener("l", "r", 30)), 2, whole));
    deepEqual(client.seen(), ["listener l", "route r"]);
  });

  rule("rule 43: a listener that names a secret again gets the unchanged secret again", () => {
    const tls = [tlsListener("l", "s"), secret("s")];
    const first = snapshotOf(tls, 1);
    const client = settledClient(protocol, first);
    client.subscribe("secret", "s").ack();
    const second = snapshotOf([inlineListener("l"), secret("s")], 2, first);
    client.snapshot(second).ack();
    client.snapshot(snapshotOf(tls, 3, second));
    deepEqual(client.seen(), ["listener l", "secret s"]);
  });

  rule("I17, rule 45: endpoints and routes wait for no ACK of what refers to them", () => {
    const client = new TestClient(protocol).snapshot(whole);
    client.subscribe("cluster").subscribe("listener").subscribe("endpoint", "a").subscribe("route", "r");
    deepEqual(client.seen(), ["cluster a", "listener l", "endpoint a", "route r"]);
  });

  rule("I17, rule 25: a newer state is sent although the older one is not answered", () => {
    const client = settledClient(protocol, whole);
    const second = snapshotOf(wholeParts(2), 2, whole);
    const parts = [...wholeParts(2).slice(0, 3), cluster("b"), endpoint("b"), route("r", "b")];
    client.snapshot(second).snapshot(snapshotOf(parts, 3, second));
    deepEqual(
      client.seen().map((text) => text.split(" ")[0]),
      ["cluster", "endpoint", "cluster", "endpoint", "route"],
    );
  });

  rule("I16, rule 47: one flush is written in one order", () => {
    const client = settledClient(protocol, whole);
    const parts = [cluster("b"), endpoint("b"), listener("l", "r", 20), route("r", "b")];
    client.snapshot(snapshotOf(parts, 2, whole));
    const all = protocol === "sotw" ? "cluster a,b" : "cluster b";
    deepEqual(client.seen(), [all, "endpoint b", "listener l", "route r"]);
  });

  rule("rule 47: a listener that goes is removed last", () => {
    const client = settledClient(protocol, whole);
    const parts = [...wholeParts(2).filter(({ type }) => type !== "listener"), listener("m", "r")];
    client.snapshot(snapshotOf(parts, 2, whole));
    const seen = client.seen();
    deepEqual(seen.at(-1), protocol === "sotw" ? "listener m" : "listener -l");
    ok(seen.some((text) => text.startsWith("listener") && text.includes("m")));
  });

  rule("I19, rule 49: a cluster goes after its route's ACK and the grace, in either order", () => {
    for (const order of ["ack", "grace"] as const) {
      const client = settledClient(protocol, whole);
      const parts = [cluster("b"), endpoint("b"), listener("l", "r"), route("r", "b")];
      client.snapshot(snapshotOf(parts, 2, whole));
      const gone = protocol === "sotw" ? "cluster b" : "cluster -a";
      ok(!client.responses.some((response) => textOf(response) === gone));
      const acknowledge = () => client.ack();
      if (order === "ack") acknowledge();
      else client.fire("grace");
      ok(!client.responses.some((response) => textOf(response) === gone), `not after the ${order} alone`);
      if (order === "ack") client.fire("grace");
      else acknowledge();
      deepEqual(client.seen(), [gone]);
    }
  });

  rule("rule 49: a cluster stays while the client rejects the table that no longer names it", () => {
    const client = settledClient(protocol, whole);
    client.snapshot(snapshotOf([cluster("b"), endpoint("b"), listener("l", "r"), route("r", "b")], 2, whole));
    for (const response of client.take())
      client.answer(response, response.resourceType === "route" ? "no" : undefined);
    client.fire("grace");
    deepEqual(client.seen(), []);
  });

  rule("I21, rule 49: what is served beside the snapshot has a version that says so", () => {
    const client = settledClient(protocol, whole);
    const second = snapshotOf([cluster("b"), endpoint("b"), listener("l", "r"), route("r", "b")], 2, whole);
    client.snapshot(second);
    const version = client.take()[0]?.version ?? "";
    if (protocol === "sotw") ok(version.startsWith(`${second.types.cluster.version}+`), version);
    else equal(version, second.types.cluster.version);
  });

  rule("I19, rule 50: what comes back within the grace is neither removed nor sent again", () => {
    const client = settledClient(protocol, whole);
    const parts = [...wholeParts().slice(0, 3), cluster("b"), endpoint("b"), route("r", "b")];
    const only = parts.filter(({ resource }) => resource !== "a");
    const second = snapshotOf(only, 2, whole);
    client.snapshot(second).ack();
    client.ack();
    client.snapshot(snapshotOf(parts, 3, second));
    client.fire("grace");
    deepEqual(
      client.seen().filter((text) => text.startsWith("cluster")),
      [],
    );
  });

  rule("rules 51 and 68: a slow client is sent the newest state only, in order", () => {
    let snapshot = whole;
    const client = settledClient(protocol, snapshot);
    client.open = false;
    for (let at = 2; at < 100; at++) {
      snapshot = snapshotOf(wholeParts(at).with(1, endpoint("a", at)), at, snapshot);
      client.snapshot(snapshot);
    }
    equal(client.responses.length, 1);
    client.open = true;
    client.drain();
    const responses = client.take();
    deepEqual(responses.map(textOf), ["cluster a", "cluster a", "endpoint a"]);
    deepEqual(
      responses.map(({ revision }) => revision.sequence),
      [2, 99, 99],
    );
  });

  rule("I22, P6: an older snapshot is ignored, and a client that shows a newer one waits for it", () => {
    const newer = snapshotOf(wholeParts(2), 7, whole);
    const client = settledClient(protocol, newer);
    deepEqual(client.snapshot(whole).seen(), []);
    const moved = new TestClient(protocol).snapshot(whole);
    const version = newer.types.cluster.version;
    if (protocol === "sotw") moved.sotw("cluster", [], { versionInfo: version });
    else
      moved.delta("cluster", [], {
        initialResourceVersions: { a: newer.types.cluster.resources.get("a")!.version },
      });
    deepEqual(moved.seen(), []);
    ok(moved.facts.some(({ type }) => type === "behind"));
    moved.snapshot(newer);
    deepEqual(moved.take().length, 1);
  });

  rule("what the client holds is named by a digest with each ACK", () => {
    const client = new TestClient(protocol).snapshot(whole).subscribe("cluster");
    client.ack();
    const acks = client.facts.flatMap((fact) => (fact.type === "acked" ? [fact.fact.heldDigest] : []));
    deepEqual(acks, [whole.types.cluster.digest]);
  });
}
