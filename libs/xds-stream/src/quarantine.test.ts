import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { test } from "node:test";
import type { Part, Snapshot } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import { quarantined } from "./quarantine.ts";
import type { NackedFact, StreamResponse } from "./stream-io.ts";
import {
  cluster,
  endpoint,
  listener,
  route,
  secret,
  settledClient,
  TestClient,
  tcpListener,
  textOf,
} from "./testing.ts";

/** The first response since the last call, which must be the only one. */
function only(client: TestClient, expected: string): StreamResponse {
  const [response, ...others] = client.take();
  deepEqual(
    [response, ...others].map((each) => each && textOf(each)),
    [expected],
  );
  return response!;
}

function nacksOf(client: TestClient): NackedFact[] {
  return client.facts.flatMap((fact) => (fact.type === "nacked" ? [fact.fact] : []));
}

function culprits(client: TestClient): string {
  return nacksOf(client)
    .map((fact) => fact.culprits.join(","))
    .join(";");
}

const cdsError = "Error adding/updating cluster(s) b: no";

/** Rules that hold for both protocols. */
for (const protocol of ["sotw", "delta"] as const) {
  const rule = (name: string, body: () => void) => test(`${name} (${protocol})`, body);
  const isSotw = protocol === "sotw";
  const clusters = (...salts: number[]): Part[] =>
    ["a", "b", "c", "d"].slice(0, salts.length).map((name, at) => cluster(name, salts[at]));
  const wildcard = (snapshot: Snapshot): TestClient => {
    const client = new TestClient(protocol).snapshot(snapshot).subscribe("cluster").ack();
    client.take();
    client.facts.length = 0;
    return client;
  };

  rule("rule 73: one resource that is news is the one that was rejected, and the others go on", () => {
    const first = snapshotOf(clusters(1, 1, 1), 1);
    const client = wildcard(first);
    const bad = snapshotOf(clusters(1, 2, 1), 2, first);
    client.snapshot(bad).answer(client.take()[0]!, "no");
    deepEqual(client.seen(), [], "rule 6: nothing is left to be sent");
    equal(culprits(client), "b");
    deepEqual(quarantined(client.stream, client.stream.types.cluster), ["b"]);
    client.snapshot(snapshotOf(clusters(2, 2, 1), 3, bad));
    const [next] = client.take();
    equal(textOf(next!), isSotw ? "cluster a,b,c" : "cluster a");
    const digests = next!.resources.map(({ digest }) => digest);
    if (isSotw)
      equal(digests[1], first.types.cluster.resources.get("b")?.digest, "what was last acknowledged");
    match(next!.version, /^1\.3-[0-9a-f]{16}\+[0-9a-f]{16}$/);
    client.answer(next!).snapshot(snapshotOf(clusters(2, 3, 1), 4, bad));
    const released = client.take()[0]!;
    equal(textOf(released), isSotw ? "cluster a,b,c" : "cluster b");
    equal(released.version.includes("+"), false);
    deepEqual(quarantined(client.stream, client.stream.types.cluster), []);
  });

  rule("rules 7 and 73: what was rejected beside what the client names goes on at once, without it", () => {
    const first = snapshotOf(clusters(1, 1, 1, 1), 1);
    const client = wildcard(first);
    client.snapshot(snapshotOf(clusters(2, 2, 2, 1), 2, first)).answer(client.take()[0]!, cdsError);
    const next = only(client, isSotw ? "cluster a,b,c,d" : "cluster a,c");
    client.answer(next);
    deepEqual(client.seen(), []);
    equal(culprits(client), "b");
  });

  rule("rule 73: a cluster that the client never had is left out", () => {
    const first = snapshotOf(clusters(1), 1);
    const client = wildcard(first);
    client.snapshot(snapshotOf(clusters(2, 1, 1), 2, first)).answer(client.take()[0]!, cdsError);
    only(client, "cluster a,c");
  });

  rule("rule 73: where nothing tells which it was, the suspects are tried, other content every time", () => {
    const client = wildcard(snapshotOf([secret("s")], 1));
    client.snapshot(snapshotOf(clusters(1, 1, 1, 1), 2)).answer(client.take()[0]!, "no");
    const accepts = ({ resources }: StreamResponse) => !resources.some(({ name }) => name === "c");
    const tried: string[] = [];
    for (let next = client.responses.shift(); next !== undefined; next = client.responses.shift()) {
      tried.push(textOf(next).slice("cluster ".length));
      client.answer(next, accepts(next) ? undefined : "no");
    }
    deepEqual(tried, isSotw ? ["a,b", "a,b,c,d", "a,b,c", "a,b,d"] : ["a", "b", "c", "d"]);
    equal(culprits(client), isSotw ? ";;c" : ";c");
    deepEqual(quarantined(client.stream, client.stream.types.cluster), ["c"]);
  });

  for (const count of [1, 2, 3, 4, 7, 16]) {
    rule(
      `rules 6 and 7: a client that rejects everything is sent ${count} clusters ${2 * count - 1} times at most`,
      () => {
        const parts = Array.from({ length: count }, (_, at) => cluster(`c${at}`));
        const client = wildcard(snapshotOf([secret("s")], 1));
        client.snapshot(snapshotOf(parts, 2));
        let responses = 0;
        for (let next = client.responses.shift(); next !== undefined; next = client.responses.shift()) {
          responses++;
          for (let repeats = 0; repeats < 10; repeats++) client.answer(next, "no");
        }
        const max = isSotw ? 2 * count - 1 : count + Math.sign(count - 1);
        equal(responses, max);
        equal(quarantined(client.stream, client.stream.types.cluster).length, count);
      },
    );
  }

  rule("rule 73: what a client names without listing it is cleared when the words prove wrong", () => {
    const parts = (...ports: number[]) => ["x", "y", "z"].map((name, at) => endpoint(name, ports[at]));
    const first = snapshotOf(parts(1, 1, 1), 1);
    const client = settledClient(protocol, first);
    client.snapshot(snapshotOf(parts(2, 2, 2), 2, first)).answer(client.take()[0]!, 'bad: "x"');
    const others = only(client, "endpoint y,z");
    client.answer(others, "no");
    const words: string[] = [];
    for (let next = client.responses.shift(); next !== undefined; next = client.responses.shift()) {
      words.push(textOf(next));
      client.answer(next, textOf(next).includes("y") ? "no" : undefined);
    }
    deepEqual(words, ["endpoint y", "endpoint z", "endpoint x"]);
    deepEqual(quarantined(client.stream, client.stream.types.endpoint), ["y"]);
  });

  rule(
    "rule 31: a rejected cluster that leaves the snapshot is not sent again, and is removed by name",
    () => {
      const first = snapshotOf(clusters(1), 1);
      const client = wildcard(first);
      const bad = snapshotOf(clusters(1, 1), 2, first);
      client.snapshot(bad).answer(client.take()[0]!, "no");
      client.snapshot(snapshotOf(clusters(2), 3, bad));
      client.answer(only(client, "cluster a"));
      client.fire("grace");
      deepEqual(client.seen(), isSotw ? [] : ["cluster -b"]);
    },
  );

  rule(
    "rules 6 and 39: a changed cluster's rejected endpoints are replaced by those that the client has",
    () => {
      const parts = (salt: number, port: number) => [
        cluster("a", salt),
        endpoint("a", port),
        listener("l", "r"),
        route("r", "a"),
      ];
      const first = snapshotOf(parts(1, 1), 1);
      const client = settledClient(protocol, first);
      const bad = snapshotOf(parts(1, 2), 2, first);
      client.snapshot(bad).answer(client.take()[0]!, "no");
      client.snapshot(snapshotOf(parts(2, 2), 3, bad));
      const [, owed] = client.take();
      equal(textOf(owed!), "endpoint a");
      equal(owed!.resources[0]?.digest, first.types.endpoint.resources.get("a")?.digest);
    },
  );

  rule("rules 6 and 42: a cluster whose first endpoints were rejected gets none, and does not wait", () => {
    const parts = (salt: number) => [cluster("a", 1), endpoint("a", 1), cluster("b", salt), endpoint("b", 2)];
    const first = snapshotOf(parts(1).slice(0, 2), 1);
    const client = settledClient(protocol, first);
    const second = snapshotOf(parts(1), 2, first);
    client.subscribe("endpoint", "a", "b").snapshot(second);
    for (let next = client.responses.shift(); next !== undefined; next = client.responses.shift()) {
      const isBad = next.resources.some(({ type, name }) => type === "endpoint" && name === "b");
      client.answer(next, isBad ? "no" : undefined);
    }
    deepEqual(quarantined(client.stream, client.stream.types.endpoint), ["b"]);
    client.snapshot(snapshotOf(parts(2), 3, second));
    const owed = client.take().find(({ resourceType }) => resourceType === "endpoint");
    equal(textOf(owed!), "endpoint b");
    notEqual(owed!.resources[0]?.digest, second.types.endpoint.resources.get("b")?.digest);
  });

  rule(
    "rule 6: rejected content that is asked for again is answered with what the client acknowledged",
    () => {
      const first = snapshotOf([endpoint("x"), endpoint("y")], 1);
      const client = settledClient(protocol, first);
      client.snapshot(snapshotOf([endpoint("x", 2), endpoint("y")], 2, first));
      const bad = client.take()[0]!;
      client.answer(bad, "no");
      if (isSotw) client.sotw("endpoint", ["x", "y"], { responseNonce: bad.nonce });
      else client.delta("endpoint", ["x", "y"]);
      const [again] = client.take();
      deepEqual(
        again?.resources.map(({ digest }) => digest),
        [...first.types.endpoint.resources.values()].map(({ digest }) => digest),
      );
    },
  );
}

test("rule 73: a client that comes from another edge loses nothing: what it rejects goes along with what changes (sotw)", () => {
  const first = snapshotOf([cluster("a"), cluster("b")], 1);
  const client = new TestClient("sotw")
    .snapshot(first)
    .sotw("cluster", [], { versionInfo: "1.1-0123456789abcdef" });
  client.answer(client.take()[0]!, cdsError);
  deepEqual(client.seen(), [], "its own b may be in use: no response leaves it out");
  client.snapshot(snapshotOf([cluster("a", 2), cluster("b")], 2, first));
  const whole = only(client, "cluster a,b");
  client.answer(whole, cdsError);
  deepEqual(client.seen(), []);
  client.snapshot(snapshotOf([cluster("a", 2), cluster("b", 2)], 3, first));
  client.answer(only(client, "cluster a,b"));
  deepEqual(client.seen(), []);
});

const breaksRules = 'name: "b" type: EDS : Proto constraint validation failed (Timeout: zero)';

/** A client that comes from another edge with clusters and listeners, and rejects `b`, of whose response it takes nothing. */
function rejectingB(...listeners: Part[]): TestClient {
  const first = snapshotOf([cluster("a"), cluster("b"), cluster("c"), ...listeners], 1);
  const client = new TestClient("sotw").snapshot(first);
  client.sotw("cluster", [], { versionInfo: "1.1-0123456789abcdef" });
  client.sotw("listener", [], { versionInfo: "1.1-0123456789abcdef" });
  client.answer(client.take()[0]!, breaksRules);
  return client;
}

test("rule 73: a client that comes from another edge is sent all but what breaks the rules of fields, when nothing uses that (sotw)", () => {
  const client = rejectingB(tcpListener("l", "a"));
  deepEqual(client.seen(), [], "its own listeners may use b");
  client.fire("gate");
  client.answer(only(client, "listener l"));
  client.answer(only(client, "cluster a,c"));
  deepEqual(client.seen(), []);
  deepEqual(quarantined(client.stream, client.stream.types.cluster), ["b"]);
});

test("rule 73: while something uses it the client keeps all clusters as they are, until it is mended (sotw)", () => {
  const client = rejectingB(tcpListener("l", "b"));
  client.fire("gate");
  client.answer(only(client, "listener l"));
  deepEqual(client.seen(), []);
  const parts = [cluster("a"), cluster("b", 2), cluster("c"), tcpListener("l", "b")];
  client.snapshot(snapshotOf(parts, 2, client.stream.snapshot));
  client.answer(only(client, "cluster a,b,c"));
  deepEqual(client.seen(), []);
});

test("rule 73: an error that may be of a response that was never answered proves nothing (sotw)", () => {
  const first = snapshotOf([cluster("a")], 1);
  const client = new TestClient("sotw").snapshot(first).sotw("cluster", []).ack();
  client.take();
  const bad = snapshotOf([cluster("a", 2)], 2, first);
  client.snapshot(bad).snapshot(snapshotOf([cluster("a", 3)], 3, bad));
  const [, mended] = client.take();
  client.answer(mended!, "Error adding/updating cluster(s) a: no");
  equal(culprits(client), "");
  client.answer(only(client, "cluster a"));
  deepEqual(quarantined(client.stream, client.stream.types.cluster), []);
});

test("rule 73: what was deleted beside what was rejected is deleted without it (sotw)", () => {
  const first = snapshotOf([listener("l", "r"), listener("m", "r")], 1);
  const client = new TestClient("sotw").snapshot(first).sotw("listener", []).ack();
  client.take();
  client.snapshot(snapshotOf([listener("l", "r", 2)], 2, first));
  const [changes, removes] = client.take();
  deepEqual(
    [changes, removes].map((each) => each && textOf(each)),
    ["listener l,m", "listener l"],
  );
  client.answer(changes!, "no").answer(removes!, "no");
  const deletes = only(client, "listener l");
  equal(deletes.resources[0]?.digest, first.types.listener.resources.get("l")?.digest);
  client.answer(deletes);
  deepEqual(client.seen(), []);
});

test("rule 73: a removal that was rejected is not sent again, and what came with it is (delta)", () => {
  const first = snapshotOf([secret("s"), secret("t")], 1);
  const client = new TestClient("delta").snapshot(first).delta("secret", ["s", "t"]).ack();
  const without = snapshotOf([secret("s")], 2, first, 200_000);
  client.snapshot(without).fire("grace");
  client.answer(only(client, "secret -t"), "no");
  deepEqual(client.seen(), []);
  client.snapshot(snapshotOf([secret("s", "2")], 3, without));
  client.answer(only(client, "secret s"));
  deepEqual(client.seen(), []);
  client.snapshot(snapshotOf([secret("s", "2"), secret("t")], 4, without));
  deepEqual(client.seen(), ["secret t"]);
});

test("rules 7 and 39: what follows a cluster is owed again with the later response that carries it (sotw)", () => {
  const first = snapshotOf([cluster("a"), endpoint("a")], 1);
  const client = settledClient("sotw", first);
  const parts = (salt: number): Part[] => [cluster("a", 2), endpoint("a"), cluster("b", salt), endpoint("b")];
  const bad = snapshotOf(parts(1), 2, first);
  client.snapshot(bad).snapshot(snapshotOf(parts(2), 3, bad));
  const [rejected, ...others] = client.take();
  deepEqual(others.map(textOf), ["endpoint a,b", "cluster a,b", "endpoint b"]);
  client.answer(rejected!, breaksRules);
  deepEqual(client.seen(), ["endpoint a"]);
});

test("rule 7: after a response that was never answered the client may hold other bytes than it acknowledged (sotw)", () => {
  const first = snapshotOf([cluster("a"), endpoint("a")], 1);
  const client = settledClient("sotw", first);
  const second = snapshotOf([cluster("a", 2), endpoint("a")], 2, first);
  const third = snapshotOf([cluster("a"), endpoint("a"), cluster("b")], 3, second);
  client.snapshot(second).snapshot(third);
  const clusters = client.take().filter(({ resourceType }) => resourceType === "cluster");
  equal(clusters.length, 2);
  client.answer(clusters[1]!, breaksRules);
  const again = client.take()[0];
  equal(textOf(again!), "cluster a");
});

test("rule 73: a client that says what it rejects is believed, even of what it acknowledged before (delta)", () => {
  const first = snapshotOf([endpoint("x"), endpoint("b")], 1);
  const client = new TestClient("delta").snapshot(first).delta("endpoint", ["b"]).ack();
  client.delta("endpoint", ["x", "b"]);
  client.answer(only(client, "endpoint b,x"), 'cluster_name: "b" : Proto constraint validation failed (x)');
  deepEqual(culprits(client), "b");
  deepEqual(client.seen(), ["endpoint x"]);
});
