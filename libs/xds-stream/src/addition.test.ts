import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { snapshotOf } from "@routeledger/xds-model/testing";
import {
  checkedCluster,
  cluster,
  endpoint,
  listener,
  route,
  secret,
  TestClient,
  tlsCluster,
} from "./testing.ts";

const known = [cluster("a"), endpoint("a"), listener("l", "r")];
const old = snapshotOf([...known, route("r", "a")], 1);
const moved = snapshotOf([...known, cluster("b"), endpoint("b"), route("r", "b")], 2, old);

for (const protocol of ["sotw", "delta"] as const) {
  /** Envoy on a new stream while `a` warms: no request for clusters. */
  const warming = (snapshot = moved): TestClient =>
    new TestClient(protocol)
      .snapshot(snapshot)
      .subscribe("endpoint", "a")
      .subscribe("listener")
      .subscribe("route", "r");

  test(`rule 48: a route to a cluster that the client cannot have yet waits for its cluster request (${protocol})`, () => {
    const client = warming();
    deepEqual(client.seen(), ["endpoint a", "listener l"]);
    client.subscribe("cluster");
    deepEqual(client.seen(), ["cluster a,b", "endpoint a,b", "route r"]);
  });

  test(`rule 48: nor does it go to a cluster of which the client may have an older edition, which may warm (${protocol})`, () => {
    const client = warming(old);
    deepEqual(client.seen(), ["endpoint a", "listener l"]);
    client.subscribe("cluster");
    ok(client.seen().includes("route r"));
  });

  test(`rule 46: without a cluster request it waits for two seconds, once on a stream (${protocol})`, () => {
    const client = warming();
    client.take();
    const gates = client.timers.filter(({ id }) => id.startsWith("gate"));
    deepEqual(
      gates.map(({ delayMs }) => delayMs),
      [2_000],
    );
    client.fire("gate");
    deepEqual(client.seen(), ["route r"]);
    client.snapshot(snapshotOf([...known, cluster("c"), endpoint("c"), route("r", "c")], 3, moved));
    deepEqual(client.seen(), ["route r"]);
  });

  test(`rule 48: of a cluster that checks health or lacks a secret, endpoints alone are not enough there (${protocol})`, () => {
    for (const slow of [checkedCluster("a"), tlsCluster("a", "s")]) {
      const parts = [slow, endpoint("a"), secret("s"), listener("l", "r"), route("r", "a")];
      const client = warming(snapshotOf(parts, 1));
      deepEqual(client.seen(), ["endpoint a", "listener l"]);
      client.fire("gate");
      deepEqual(client.seen(), ["route r"]);
    }
  });

  test(`rule 46: a client that asks for neither clusters nor endpoints gets its routes a moment later (${protocol})`, () => {
    const client = new TestClient(protocol).snapshot(moved).subscribe("listener").subscribe("route", "r");
    deepEqual(client.seen(), ["listener l"]);
    deepEqual(
      client.timers.map(({ delayMs }) => delayMs),
      [200],
    );
    client.fire("gate");
    deepEqual(client.seen(), ["route r"]);
  });

  test(`rule 61: a gRPC client, which asks for clusters when it has the routes, gets them at once (${protocol})`, () => {
    const client = new TestClient(protocol, "gRPC Go").snapshot(moved).subscribe("listener", "l");
    deepEqual(client.subscribe("route", "r").seen(), ["listener l", "route r"]);
  });

  test(`rule 48: on a new stream listeners wait for the requests behind theirs, while a first cluster warms (${protocol})`, () => {
    const client = new TestClient(protocol).snapshot(moved).subscribe("listener").subscribe("route", "r");
    client.subscribe("endpoint", "b");
    deepEqual(client.seen(), ["listener l", "endpoint b"]);
    client.subscribe("cluster");
    ok(client.seen().includes("route r"));
  });

  test(`rule 48: a route to a client's first EDS cluster waits until the client asks for endpoints (${protocol})`, () => {
    const empty = snapshotOf([listener("l", "r")], 1);
    const client = new TestClient(protocol).snapshot(empty).subscribe("cluster").subscribe("listener").ack();
    client.subscribe("route", "r").ack();
    client.snapshot(snapshotOf([...known, route("r", "a")], 2, empty));
    deepEqual(client.seen(), ["cluster a"]);
    client.subscribe("endpoint", "a");
    deepEqual(client.seen(), ["endpoint a", "route r"]);
  });

  test(`rule 48: a client that has its endpoints from elsewhere gets the route when it acknowledged the cluster (${protocol})`, () => {
    const empty = snapshotOf([listener("l", "r")], 1);
    const client = new TestClient(protocol).snapshot(empty).subscribe("cluster").subscribe("listener").ack();
    client.subscribe("route", "r").ack();
    client.snapshot(snapshotOf([...known, route("r", "a")], 2, empty)).ack();
    deepEqual(client.seen(), ["route r"]);
    client.fire("gate");
    const later = snapshotOf(
      [...known, cluster("b"), endpoint("b"), route("r", "b")],
      3,
      client.stream.snapshot,
    );
    client.snapshot(later).ack();
    deepEqual(client.seen(), ["route r"]);
  });
}
