/** P6: a proxy that comes to another edge is never taken back in time (rule 74). */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import type { XdsEdge } from "@routeledger/xds-edge";
import { applied, defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols } from "./xds/raw-client.ts";
import type { Received } from "./xds/received.ts";
import { cluster, fences } from "./xds/sample-parts.ts";

const catchUpDeadlineMs = 1_000;
const [older, newer] = [cluster("a"), cluster("a", { timeoutMs: 2_000 })];

/** An edge that has not read the newer publication, though the log holds it. */
async function behindEdge(world: EdgeWorld): Promise<XdsEdge> {
  await world.publisher.publish(defaultGroup, [older, ...fences]);
  const edge = await world.startEdge();
  world.gate.holdReadersAt(1);
  await world.publisher.publish(defaultGroup, [newer, ...fences]);
  return edge;
}

/** What a client got from an edge that was not behind. */
async function heldFrom(world: EdgeWorld, protocol: "sotw" | "delta"): Promise<Received> {
  const sound = await world.startEdge();
  const stream = world.connect(sound, protocol);
  stream.subscribe("cluster");
  const held = await stream.take("cluster");
  stream.cancel();
  return held;
}

/** Resolves when the edge serves the stream from what it has. */
function admitted(edge: XdsEdge): Promise<void> {
  return until(() => edge.proxies().some(({ types }) => types.length > 0));
}

for (const protocol of protocols) {
  test(`P6, ${protocol}: a new stream waits until what the log held is applied`, async (t) => {
    const world = new EdgeWorld(t);
    const edge = await behindEdge(world);
    const stream = world.connect(edge, protocol);
    stream.subscribe("cluster");
    await until(() => edge.proxies().length === 1);
    world.gate.open();
    const first = await stream.take("cluster");
    deepEqual(Buffer.from(first.resources[0]?.value ?? []), Buffer.from(newer.bytes));
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`P6, ${protocol}: after the deadline a client that shows nothing is served what there is`, async (t) => {
    const world = new EdgeWorld(t);
    const edge = await behindEdge(world);
    const stream = world.connect(edge, protocol);
    stream.subscribe("cluster");
    await until(() => edge.proxies().length === 1);
    world.clock.advance(catchUpDeadlineMs);
    const first = await stream.take("cluster");
    deepEqual(Buffer.from(first.resources[0]?.value ?? []), Buffer.from(older.bytes));
  });

  test(`P6, ${protocol}: after the deadline a client that shows newer versions is told nothing until they are reached`, async (t) => {
    const world = new EdgeWorld(t);
    const newest = new EdgeWorld(t);
    await newest.publisher.publish(defaultGroup, [older, ...fences]);
    await newest.publisher.publish(defaultGroup, [newer, ...fences]);
    const held = await heldFrom(newest, protocol);
    const edge = await behindEdge(world);
    const stream = world.connect(edge, protocol);
    stream.reconnect("cluster", [], held);
    await until(() => edge.proxies().length === 1);
    world.clock.advance(catchUpDeadlineMs);
    await admitted(edge);
    const sentBefore = edge.proxies()[0]?.types[0]?.sent;
    world.gate.open();
    await applied(edge, 2);
    // Whatever the edge had said while it was behind would come first.
    const first = await stream.next();
    deepEqual([sentBefore, first.version], ["", held.version]);
    for (const { value } of first.resources) deepEqual(Buffer.from(value), Buffer.from(newer.bytes));
  });

  test(`P6, ${protocol}: with the log out of reach a new stream is served at once from what there is`, async (t) => {
    const world = await EdgeWorld.serving(t, [older]);
    world.gate.cut();
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    equal((await stream.take("cluster")).summary, "cluster a");
  });
}
