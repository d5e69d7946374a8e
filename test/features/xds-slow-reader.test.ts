/** Rule 68: a client that does not read holds up nobody and costs no memory, and an edge that stops leaves it. */
import { deepEqual, ok } from "node:assert/strict";
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
