import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import type { Gate } from "./stream-io.ts";
import {
  checkedCluster,
  cluster,
  endpoint,
  inlineListener,
  listener,
  route,
  secret,
  settledClient,
  TestClient,
  tcpListener,
  tlsCluster,
  wholeParts,
} from "./testing.ts";

/** Listener `l` -> table `r` -> cluster `a`; table `q` and listener `m` beside them. */
const parts = [...wholeParts(), listener("m", "q"), route("q", "a"), tcpListener("t", "a")];
const base = snapshotOf(parts, 1);
const secure = [tlsCluster("b", "s"), endpoint("b"), secret("s")];

/** `parts` with these in place of those of the same names. */
function with_(...changed: Part[]): Part[] {
  const byKey = new Map([...parts, ...changed].map((part) => [`${part.type} ${part.resource}`, part]));
  return [...byKey.values()];
}

for (const protocol of ["sotw", "delta"] as const) {
  const rule = (name: string, body: () => void) => test(`${name} (${protocol})`, body);
  const clusters = (names: string, changed: string) => `cluster ${protocol === "sotw" ? names : changed}`;
  const gatesOf = (client: TestClient): (readonly Gate[])[] =>
    client.facts.flatMap((fact) => (fact.type === "gates" ? [fact.gates] : []));
  const textOf = (gates: readonly Gate[]): string[] =>
    gates.map(
      ({ reason, type, name, waitsFor, deadlineMs }) =>
        `${reason} ${type} ${name}: ${waitsFor.map((each) => `${each.type} ${each.name}`).join(", ")} ${deadlineMs ?? "-"}`,
    );
  /** Two tables change at once: `r` goes to a cluster that needs a secret, `q` to one that needs nothing. */
  const split = (client = settledClient(protocol, base)) => {
    const changed = [...secure, cluster("c"), endpoint("c"), route("r", "b"), route("q", "c")];
    return client.snapshot(snapshotOf(with_(...changed), 2, base));
  };

  rule(
    "I18, rules 15 and 48: a table waits for its cluster's secret, another one does not wait with it",
    () => {
      const client = split();
      deepEqual(client.seen(), [clusters("a,b,c", "b,c"), "endpoint b,c", "route q"]);
      client.subscribe("endpoint", "a", "b", "c").subscribe("secret", "s");
      const [eds, sds] = client.take().slice(-2);
      deepEqual([eds?.resourceType, sds?.resourceType], ["endpoint", "secret"]);
      client.answer(sds!);
      deepEqual(client.seen(), ["route r"], "the cluster's own ACK is not waited for");
    },
  );

  rule("rule 48: the clusters' ACK says that all of them are warm", () => {
    const client = split();
    const [cds] = client.take();
    client.answer(cds!);
    deepEqual(client.seen(), ["route r"]);
  });

  rule("rule 48: a table waits for the ACK of a cluster that checks health", () => {
    const client = settledClient(protocol, base);
    client.snapshot(snapshotOf(with_(checkedCluster("b"), endpoint("b"), route("r", "b")), 2, base));
    const [cds, eds, ...rest] = client.take();
    deepEqual(rest, []);
    client.answer(eds!);
    deepEqual(client.seen(), [], "it has its endpoints, and checks them");
    client.answer(cds!);
    deepEqual(client.seen(), ["route r"]);
  });

  rule("rule 48: a cluster that serves already is usable while it warms again", () => {
    const client = settledClient(protocol, base);
    client.snapshot(snapshotOf(with_(checkedCluster("a"), route("r", "a"), route("q", "a")), 2, base));
    deepEqual(client.seen(), ["cluster a", "endpoint a"]);
    const next = with_(checkedCluster("a"), cluster("b"), endpoint("b"), route("r", "b"));
    client.snapshot(snapshotOf(next, 3, client.stream.snapshot));
    ok(client.seen().includes("route r"));
  });

  rule("I17, rule 45: what makes a cluster usable is never held back", () => {
    const client = split();
    client.subscribe("endpoint", "a", "b", "c").subscribe("secret", "s");
    const seen = client.seen();
    for (const type of ["cluster", "endpoint", "secret"]) ok(seen.some((text) => text.startsWith(type)));
  });

  rule("I18, rule 46: a table waits for a cluster that stays cold until its time is over", () => {
    const client = split(settledClient(protocol, base));
    client.take();
    deepEqual(
      client.timers.filter(({ id }) => id.startsWith("gate")).map(({ delayMs }) => delayMs),
      [2_000],
    );
    client.fire("gate");
    deepEqual(client.seen(), ["route r"]);
  });

  rule("rule 46: a table that changes while it waits does not wait longer, and none after it", () => {
    const client = split();
    client.take();
    for (const at of [3, 4, 5]) {
      const changed = [...secure, cluster("c"), endpoint("c", at), route("r", "b"), route("q", "b")];
      client.snapshot(snapshotOf(with_(...changed), at, client.stream.snapshot));
    }
    deepEqual(
      client.seen().filter((text) => text.startsWith("route")),
      [],
    );
    equal(client.timers.filter(({ id }) => id.startsWith("gate")).length, 1);
    client.fire("gate");
    deepEqual(client.seen(), ["route q,r"]);
  });

  rule("rule 46: the deadline is an option of the stream", () => {
    const client = new TestClient(protocol, "envoy", { gateDeadlineMs: 50 }).snapshot(base);
    client.subscribe("cluster").subscribe("endpoint", "a").subscribe("route", "r", "q").ack();
    split(client);
    deepEqual(client.timers.find(({ id }) => id.startsWith("gate"))?.delayMs, 50);
  });

  rule("rule 51: a newer version of a held table that needs nothing new goes at once", () => {
    const client = split();
    client.take();
    const next = with_(...secure, cluster("c"), endpoint("c"), route("r", "c"), route("q", "c"));
    client.snapshot(snapshotOf(next, 3, client.stream.snapshot));
    deepEqual(client.seen(), ["route r"]);
  });

  rule("rule 51: a held table that goes back to what the client holds is not sent", () => {
    const client = split();
    client.take();
    const next = with_(...secure, cluster("c"), endpoint("c"), route("q", "c"));
    client.snapshot(snapshotOf(next, 3, client.stream.snapshot));
    deepEqual(client.seen(), []);
    deepEqual(textOf(gatesOf(client).at(-1)!), []);
  });

  rule("rule 48: a listener that names a cluster itself waits, others do not", () => {
    const client = settledClient(protocol, base);
    const next = with_(...secure, tcpListener("t", "b"), tcpListener("u", "b"), inlineListener("m"));
    const snapshot = snapshotOf(next, 2, base);
    client.snapshot(snapshot);
    const [cds, , lds] = client.take();
    if (protocol === "delta") deepEqual(namesOf(lds!.resources), ["m"]);
    else {
      deepEqual(namesOf(lds!.resources), ["l", "m", "t"], "the new one is left out");
      const before = base.types.listener.resources.get("t")!.digest;
      equal(lds!.resources[2]?.digest, before, "the old one is repeated");
      ok(lds!.version.startsWith(`${snapshot.types.listener.version}+`), lds!.version);
    }
    client.answer(lds!);
    deepEqual(client.seen(), [], "it is not written again");
    client.answer(cds!);
    deepEqual(client.seen(), [protocol === "sotw" ? "listener l,m,t,u" : "listener t,u"]);
  });

  rule("rule 48: a listener that a client may hold from an earlier stream is not taken from it", () => {
    const next = snapshotOf(with_(checkedCluster("b"), endpoint("b"), tcpListener("t", "b")), 2, base);
    const client = new TestClient(protocol).snapshot(next).subscribe("cluster");
    const listeners = base.types.listener;
    const versions = [...listeners.resources].map(([name, { version }]) => [name, version]);
    if (protocol === "sotw") client.sotw("listener", [], { versionInfo: listeners.version });
    else client.delta("listener", [], { initialResourceVersions: Object.fromEntries(versions) });
    const [cds, lds] = client.take();
    deepEqual(lds && namesOf(lds.resources), protocol === "sotw" ? undefined : []);
    client.answer(cds!);
    deepEqual(client.seen(), protocol === "sotw" ? ["listener l,m,t"] : ["listener t"]);
  });

  rule("rule 48: a table does not wait for a cluster that the client rejected", () => {
    const client = split();
    const [cds] = client.take();
    client.answer(cds!, "Error adding/updating cluster(s) b: it is bad");
    ok(client.seen().includes("route r"));
  });

  rule(
    "rule 48: a client that names its clusters gets the table first, since it learns the names there",
    () => {
      const client = new TestClient(protocol, "gRPC Go").snapshot(base);
      client.subscribe("listener", "l").subscribe("route", "r").subscribe("cluster", "a");
      client.subscribe("endpoint", "a").ack();
      split(client);
      deepEqual(
        client.seen().filter((text) => text.startsWith("route")),
        ["route r"],
      );
    },
  );

  rule(
    "I25, rule 46: what is held back is put out with what it waits for, when it changes and not else",
    () => {
      const client = split();
      deepEqual(gatesOf(client).map(textOf), [["addition route r: cluster b 2000"]]);
      client.subscribe("endpoint", "a", "b", "c");
      equal(gatesOf(client).length, 1);
      for (const response of client.take()) client.answer(response);
      deepEqual(gatesOf(client).map(textOf).at(-1), []);
      const told = gatesOf(client).length;
      client.ack();
      equal(gatesOf(client).length, told);
    },
  );

  rule("rule 49: a cluster that leaves is put out with its grace, then with what still refers to it", () => {
    const client = settledClient(protocol, snapshotOf(wholeParts(), 1));
    const next = [cluster("b"), endpoint("b"), listener("l", "r"), route("r", "b")];
    client.snapshot(snapshotOf(next, 2, client.stream.snapshot));
    client.fire("grace");
    client.ack();
    deepEqual(gatesOf(client).map(textOf), [
      ["removal cluster a:  60000"],
      ["removal cluster a: route r -"],
      [],
    ]);
  });

  rule("rule 73: what the client rejected is put out until it changes", () => {
    const client = settledClient(protocol, base);
    client.snapshot(snapshotOf(with_(cluster("a", 2)), 2, base));
    client.answer(client.take()[0]!, "no");
    deepEqual(gatesOf(client).map(textOf), [["quarantine cluster a:  -"]]);
    client.snapshot(snapshotOf(with_(cluster("a", 3)), 3, client.stream.snapshot));
    deepEqual(gatesOf(client).map(textOf).at(-1), []);
  });

  rule("nothing is put out while nothing is held back", () => {
    const client = settledClient(protocol, base);
    client.snapshot(snapshotOf(with_(cluster("a", 2), endpoint("a", 2), route("r", "a")), 2, base)).ack();
    deepEqual(gatesOf(client), []);
  });
}

function namesOf(resources: readonly { readonly name: string }[]): string[] {
  return resources.map(({ name }) => name);
}
