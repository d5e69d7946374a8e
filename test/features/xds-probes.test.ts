/**
 * The twelve probes at which widely used control planes were measured: a raw client against an edge over a real
 * socket, both protocols. Their floor is that all twelve hold.
 */
import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import type { XdsEdge } from "@routeledger/xds-edge";
import { EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols, type RawStream } from "./xds/raw-client.ts";
import { cluster, endpoints, route } from "./xds/sample-parts.ts";

const unknownType = "type.googleapis.com/foo.Bar";

/** Subscribes to everything in CDS and to some names in EDS, and ACKs what comes. */
async function warm(stream: RawStream, ...names: string[]): Promise<void> {
  stream.subscribe("cluster");
  await stream.take("cluster");
  stream.subscribe("endpoint", ...names);
  await stream.take("endpoint");
  deepEqual(await stream.answersUntilFence(), []);
}

for (const protocol of protocols) {
  test(`probe 1 and 2a, ${protocol}: a changed cluster's unchanged endpoints are sent again, unasked`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), endpoints("a", 1)]);
    const stream = world.connect(world.edge, protocol);
    await warm(stream, "a");
    await world.publish(world.edge, [cluster("a", { timeoutMs: 2_000 }), endpoints("a", 1)]);
    equal((await stream.next()).summary, "cluster a");
    const assignment = await stream.next();
    equal(assignment.summary, "endpoint a");
    stream.rewarm("endpoint");
    stream.ack(assignment);
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`probe 1, ${protocol}: a client that asks for endpoints on a stream of their own is answered again`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), endpoints("a", 1)]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("endpoint", "a");
    await stream.take("endpoint");
    stream.subscribe("endpoint", "a");
    equal((await stream.take("endpoint")).summary, "endpoint a");
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`probe 2b, ${protocol}: a name that is held and asked for again is answered`, async (t) => {
    const world = await EdgeWorld.serving(t, [route("r"), route("s")]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("route", "r");
    await stream.take("route");
    stream.subscribe("route", "r");
    equal((await stream.take("route")).summary, "route r");
    deepEqual(await stream.answersUntilFence(), []);
  });

  for (const [probe, type] of [
    [3, "route"],
    [4, "endpoint"],
  ] as const) {
    test(`probe ${probe}, ${protocol}: ${type}: a name that was dropped and asked for again is sent, though unchanged`, async (t) => {
      const parts = type === "route" ? [route("x"), route("y")] : [endpoints("x", 1), endpoints("y", 2)];
      const world = await EdgeWorld.serving(t, parts);
      const stream = world.connect(world.edge, protocol);
      stream.subscribe(type, "x", "y");
      equal((await stream.take(type)).summary, `${type} x y`);
      stream.unsubscribe(type, "y");
      deepEqual(await stream.answersUntilFence(), []);
      stream.subscribe(type, "y");
      deepEqual(await stream.answersUntilFence(), [`${type} y`]);
    });
  }

  test(`probe 5a, ${protocol}: an assignment that nobody asked for withholds nothing, nor does its removal`, async (t) => {
    const world = await EdgeWorld.serving(t, [endpoints("a", 1), endpoints("extra", 2)]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("endpoint", "a");
    equal((await stream.take("endpoint")).summary, "endpoint a");
    await world.publish(world.edge, [endpoints("a", 3)]);
    equal((await stream.take("endpoint")).summary, "endpoint a");
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`probe 5b, ${protocol}: names that exist are sent when others do not, and those when they do`, async (t) => {
    const world = await EdgeWorld.serving(t, [endpoints("a", 1), endpoints("extra", 2)]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("endpoint", "a", "b");
    const [first] = await stream.untilFence();
    deepEqual(first?.names, ["a"]);
    if (first !== undefined) stream.ack(first);
    await world.publish(world.edge, [endpoints("a", 1), endpoints("b", 2)]);
    equal((await stream.take("endpoint")).summary, "endpoint b");
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`probe 6, ${protocol}: what was rejected is not sent again, however often it is rejected`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), endpoints("a", 1)]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    const rejected = await stream.next();
    equal(rejected.summary, "cluster a");
    for (let attempt = 0; attempt < 10; attempt++) {
      stream.nack(rejected);
      deepEqual(await stream.answersUntilFence(), []);
    }
    await world.publish(world.edge, [cluster("a", { timeoutMs: 2_000 }), endpoints("a", 1)]);
    equal((await stream.take("cluster")).summary, "cluster a");
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`probe 7, ${protocol}: a missing name stays subscribed, and delta is told at once that it is missing`, async (t) => {
    const world = await EdgeWorld.serving(t, []);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("endpoint", "ghost");
    const missing = protocol === "delta" ? ["endpoint -ghost"] : [];
    deepEqual(await stream.answersUntilFence(), missing);
    await world.publish(world.edge, [endpoints("ghost", 1)]);
    equal((await stream.take("endpoint")).summary, "endpoint ghost");
  });

  test(`probe 8, ${protocol}: names that were dropped beside a wildcard are told apart`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), cluster("b")]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster", "*", "a", "ghost");
    const first = await stream.take("cluster");
    deepEqual(first.names, ["a", "b"]);
    deepEqual(await stream.answersUntilFence(), []);
    stream.unsubscribe("cluster", "a", "ghost");
    const told = protocol === "delta" ? ["cluster a -ghost"] : [];
    deepEqual(await stream.answersUntilFence(), told);
    await world.publish(world.edge, [cluster("a", { timeoutMs: 2_000 }), cluster("b")]);
    equal((await stream.next()).summary, protocol === "delta" ? "cluster a" : "cluster a b");
  });

  test(`probe 9, ${protocol}: a first request for endpoints without names wants nothing, and ends nothing`, async (t) => {
    const world = await EdgeWorld.serving(t, [endpoints("a", 1)]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("endpoint");
    deepEqual(await stream.answersUntilFence(), []);
    stream.subscribe("endpoint", "a");
    equal((await stream.take("endpoint")).summary, "endpoint a");
  });

  test(`probe 10, ${protocol}: a client that comes back with the version of now is sent its endpoints`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), endpoints("a", 1)]);
    const held = await heldEndpoints(world, world.edge, protocol);
    const stream = world.connect(world.edge, protocol);
    stream.reconnect("endpoint", ["a"], held);
    equal((await stream.take("endpoint")).summary, "endpoint a");
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`probe 10, ${protocol}: a client that comes back before there is anything is sent its endpoints later`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), endpoints("a", 1)]);
    const held = await heldEndpoints(world, world.edge, protocol);
    await world.edge.stop();
    world.gate.hideBehind(0);
    const restarted = await world.startEdge();
    const stream = world.connect(restarted, protocol);
    stream.reconnect("endpoint", ["a"], held);
    await until(() => restarted.proxies().length > 0);
    world.gate.open();
    const again = await stream.take("endpoint");
    deepEqual([again.summary, again.version], ["endpoint a", held.version]);
  });

  test(`probe 11, ${protocol}: what was rejected beside a bad resource comes with the next response`, async (t) => {
    const world = await EdgeWorld.serving(t, [endpoints("a", 1), endpoints("b", 1)]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("endpoint", "a", "b");
    await stream.take("endpoint");
    await world.publish(world.edge, [endpoints("a", 2), endpoints("b", 2)]);
    const rejected = await stream.next();
    equal(rejected.summary, "endpoint a b");
    stream.nack(rejected);
    deepEqual(await stream.answersUntilFence(), []);
    await world.publish(world.edge, [endpoints("a", 3), endpoints("b", 2)]);
    const next = await stream.take("endpoint");
    equal(next.summary, "endpoint a b");
    notEqual(next.version, rejected.version);
    deepEqual(next.resources[1]?.value, rejected.resources[1]?.value);
  });

  test(`probe 12, ${protocol}: a type that is not served is not answered, and the stream lives on`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a")]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe(unknownType, "thing");
    deepEqual(await stream.answersUntilFence(), []);
    stream.subscribe("cluster");
    equal((await stream.take("cluster")).summary, "cluster a");
  });
}

/** What a client of the protocol holds before it loses its stream. */
async function heldEndpoints(world: EdgeWorld, edge: XdsEdge, protocol: RawStream["protocol"]) {
  const stream = world.connect(edge, protocol);
  await warm(stream, "a");
  stream.unsubscribe("endpoint", "a");
  stream.subscribe("endpoint", "a");
  const held = await stream.take("endpoint");
  ok(held.version !== "");
  stream.cancel();
  return held;
}
