/** Rules 11, 51 and 68: a client that does not read holds up nobody, costs no memory, and gets the newest state. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "node:http2";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { codec, type MessageTypes, methodPath } from "@routeledger/protos";
import type { XdsEdge } from "@routeledger/xds-edge";
import { type Part, typeUrls } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { type Protocol, protocols, type RawStream } from "./xds/raw-client.ts";
import type { Received } from "./xds/received.ts";
import { cluster, endpoints } from "./xds/sample-parts.ts";

const publications = 1_000;
const resourceBytes = 20_000;
/** A queue of all responses would be `slowReaders * publications * resourceBytes`: 800 MB. */
const slowReaders = 40;
const heapGrowthMax = 200_000_000;

const collect = (() => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
})();

/** Bytes in use after a collection, buffers included. */
function usedBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A cluster of 20 kB that says which change made it. */
function large(change: number): Part {
  return partOf("cluster", "a", { altStatName: `${change}-${"x".repeat(resourceBytes)}` });
}

async function connectTo(
  world: EdgeWorld,
  edge: XdsEdge,
  protocol: Protocol,
  id: string,
): Promise<RawStream> {
  const stream = world.connect(edge, protocol, { id });
  stream.subscribe("cluster");
  await stream.take("cluster");
  return stream;
}

/** Takes and ACKs CDS responses until one holds these bytes; returns how many it took. */
async function takeUntil(stream: RawStream, part: Part): Promise<number> {
  for (let count = 1; ; count++) {
    const received = await stream.take("cluster");
    if (Buffer.from(received.resources[0]?.value ?? []).equals(part.bytes)) return count;
  }
}

for (const protocol of protocols) {
  test(`rule 68, ${protocol}: ${slowReaders} clients that read nothing cost nothing, and delay nobody`, async (t) => {
    const world = await EdgeWorld.serving(t, [large(0)]);
    const slow = await Promise.all(
      Array.from({ length: slowReaders }, (_, index) =>
        connectTo(world, world.edge, protocol, `slow-${index}`),
      ),
    );
    for (const stream of slow) stream.pause();
    const fast = await connectTo(world, world.edge, protocol, "fast");
    const before = usedBytes();
    for (let change = 1; change <= publications; change++) {
      await world.publish(world.edge, [large(change)]);
      if (change % 100 === 0) await takeUntil(fast, large(change));
    }
    const grownBytes = usedBytes() - before;
    ok(grownBytes < heapGrowthMax, `growth below ${heapGrowthMax} bytes, got ${grownBytes}`);
    for (const stream of slow) stream.resume();
    for (const stream of slow) {
      const taken = await takeUntil(stream, large(publications));
      ok(taken < 50, `the newest state after a few responses, got ${taken}`);
      deepEqual(await stream.answersUntilFence(), []);
    }
  });

  test(`rule 51, ${protocol}: whatever a slow client misses, the endpoints that it gets fit the clusters before them`, async (t) => {
    const world = await EdgeWorld.serving(t, edition(0));
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    const first = await stream.take("cluster");
    stream.subscribe("endpoint", "a");
    await stream.take("endpoint");
    stream.pause();
    for (let change = 1; change <= 200; change++) await world.publish(world.edge, edition(change));
    stream.resume();
    let clusters = editionOf(first);
    let isLast = false;
    while (!isLast) {
      const received = await stream.next();
      stream.ack(received);
      if (received.type === "cluster") clusters = editionOf(received);
      else equal(editionOf(received), clusters, "endpoints of the clusters that were sent last");
      isLast = received.type === "endpoint" && clusters === 200;
    }
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`rule 11, ${protocol}: names that a slow client drops are not written to it any more`, async (t) => {
    const world = await EdgeWorld.serving(t, [large(0), endpoints("a", 1), endpoints("b", 1)]);
    const stream = await connectTo(world, world.edge, protocol, "slow");
    stream.subscribe("endpoint", "a", "b");
    await stream.take("endpoint");
    stream.pause();
    // The socket is full of clusters before the endpoints change, so their response is not made yet.
    for (let change = 1; change <= 50; change++) {
      await world.publish(world.edge, [large(change), endpoints("a", 1), endpoints("b", 1)]);
    }
    await world.publish(world.edge, [large(50), endpoints("a", 2), endpoints("b", 2)]);
    stream.unsubscribe("endpoint", "b");
    stream.subscribe("extensionConfig", "fence-200");
    await until(() => namesOf(world.edge, "extensionConfig"));
    stream.resume();
    const written: Received[] = [];
    do written.push(await stream.next());
    while (written.at(-1)?.type !== "extensionConfig");
    deepEqual(
      written.filter(({ type }) => type === "endpoint").map(({ summary }) => summary),
      ["endpoint a"],
    );
  });
}

test("an edge that stops leaves no connection, not even of a client that reads nothing", async (t) => {
  const world = await EdgeWorld.serving(t, [large(0)]);
  const connection = connect(`http://${world.edge.address}`);
  connection.on("error", () => undefined);
  t.after(() => connection.destroy());
  // Nobody takes what comes on this stream, so it never ends by itself.
  const stream = connection.request({
    ":method": "POST",
    ":path": deltaPath,
    "content-type": "application/grpc",
  });
  stream.on("error", () => undefined);
  stream.write(grpcMessage({ node: { id: "slow", cluster: defaultGroup }, typeUrl: typeUrls.cluster }));
  await until(() => namesOf(world.edge, "cluster"));
  for (let change = 1; change <= 50; change++) await world.publish(world.edge, [large(change)]);
  const closed = new Promise((resolve) => connection.once("close", resolve));
  await world.edge.stop();
  await closed;
});

const deltaPath = methodPath(
  "envoy.service.discovery.v3.AggregatedDiscoveryService",
  "DeltaAggregatedResources",
);

/** A request as gRPC frames it: not compressed, its length, its bytes. */
function grpcMessage(request: MessageTypes["envoy.service.discovery.v3.DeltaDiscoveryRequest"]): Buffer {
  const bytes = codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").encode(request);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The edge has taken a request of that type from its only client. */
function namesOf(edge: XdsEdge, type: string): boolean {
  return edge.proxies()[0]?.types.some((state) => state.type === type) ?? false;
}

/** A cluster and its endpoints, of which both say the change that made them. */
function edition(change: number): Part[] {
  const assignment = endpoints("a", 1_000 + change);
  return [cluster("a", { timeoutMs: 10_000 + change }), assignment, ...padding(change)];
}

/** Fills the socket. */
function padding(change: number): Part[] {
  return [partOf("cluster", "z", { altStatName: `${change}-${"x".repeat(resourceBytes)}` })];
}

function editionOf({ type, resources }: Received): number {
  const value = Buffer.from(resources.find(({ name }) => name === "a")?.value ?? []);
  for (let change = 0; change <= 200; change++) {
    const [sample, assignment] = edition(change);
    if (value.equals((type === "cluster" ? sample : assignment)?.bytes ?? Buffer.alloc(0))) return change;
  }
  throw new Error(`a ${type} of some change, named a`);
}
