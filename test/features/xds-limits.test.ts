/** What bounds an edge, through real sockets: slow readers, floods of requests and of streams, old connections. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Stream, connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { codec, type MessageTypes, methodPath } from "@routeledger/protos";
import type { XdsEdge } from "@routeledger/xds-edge";
import { typeUrls } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols, type RawStream } from "./xds/raw-client.ts";
import { cluster, endpoints } from "./xds/sample-parts.ts";

const node = { id: "envoy-1", cluster: defaultGroup };
const large = partOf("cluster", "a", { altStatName: "x".repeat(2_000_000) });
const path = methodPath("envoy.service.discovery.v3.AggregatedDiscoveryService", "DeltaAggregatedResources");

/** A stream over bare HTTP/2 that has asked for clusters and takes nothing until it is read. */
function openBare(test: TestContext, { address }: XdsEdge): ClientHttp2Stream {
  const connection = connect(`http://${address}`);
  connection.on("error", () => undefined);
  test.after(() => connection.destroy());
  const stream = connection.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
  });
  stream.on("error", () => undefined);
  stream.pause();
  stream.write(grpcMessage({ node, typeUrl: typeUrls.cluster }));
  return stream;
}

function grpcMessage(request: MessageTypes["envoy.service.discovery.v3.DeltaDiscoveryRequest"]): Buffer {
  const bytes = codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").encode(request);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Reads at least so many bytes, and no more than what had come with them. */
async function read(stream: ClientHttp2Stream, bytes: number): Promise<void> {
  for (let taken = 0; taken < bytes; ) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) await once(stream, "readable");
    else taken += chunk.length;
  }
}

test("rule 68: a client that takes nothing of a response for the write timeout is ended, others stay", async (t) => {
  const world = await EdgeWorld.serving(t, [large]);
  const sound = world.connect(world.edge, "delta", { id: "sound" });
  sound.subscribe("cluster");
  await sound.take("cluster");
  const stuck = openBare(t, world.edge);
  const closed = once(stuck, "close");
  await until(() => wasSent(world.edge, "envoy-1"));
  world.clock.advance(29_999);
  equal(world.edge.proxies().length, 2);
  world.clock.advance(1);
  equal(world.edge.proxies().length, 1);
  await closed;
  deepEqual(await sound.answersUntilFence(), []);
});

test("rule 68: a client that takes a little at a time is served to the end", async (t) => {
  const world = await EdgeWorld.serving(t, [large]);
  const slow = openBare(t, world.edge);
  await until(() => wasSent(world.edge, "envoy-1"));
  let taken = 0;
  while (taken < 1_800_000) {
    world.clock.advance(20_000);
    await read(slow, 600_000);
    taken += 600_000;
  }
  equal(world.edge.proxies().length, 1);
});

function wasSent(edge: XdsEdge, nodeId: string): boolean {
  const proxy = edge.proxies().find((one) => one.nodeId === nodeId);
  return proxy?.types.some(({ sent }) => sent !== "") ?? false;
}

/** Takes all that comes, and counts the resources in it. */
function counted(stream: RawStream): () => number {
  let count = 0;
  const take = async (): Promise<void> => {
    for (;;) {
      count += (await stream.next()).names.length;
    }
  };
  void take();
  return () => count;
}

for (const protocol of protocols) {
  test(`rule 71, ${protocol}: a flood of requests is read at the pace, and others are answered at once`, async (t) => {
    const names = Array.from({ length: 40 }, (_, index) => `e${index}`);
    const world = await EdgeWorld.serving(
      t,
      names.map((name) => endpoints(name, 1)),
    );
    const edge = await world.startEdge({ requestsPerSecond: 10 });
    const flood = world.connect(edge, protocol, { id: "flood" });
    const count = counted(flood);
    for (const name of names) {
      if (protocol === "delta") flood.sendDelta("endpoint", { resourceNamesSubscribe: [name] });
      else flood.sendSotw("endpoint", { resourceNames: names.slice(0, names.indexOf(name) + 1) });
    }
    await until(() => count() >= 5);
    const other = world.connect(edge, protocol, { id: "other" });
    // Eight requests of its own ten.
    for (let turn = 0; turn < 2; turn++) deepEqual(await other.answersUntilFence(), []);
    ok(count() <= 12, `a burst of 10 requests is answered, got ${count()}`);
    equal(edge.proxies().length, 2);
    await until(() => {
      world.clock.advance(100);
      return count() >= 40;
    });
  });
}

test("rule 71: new streams beyond the pace wait their turn; those that would wait too long are ended unserved", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const edge = await world.startEdge({ newStreamsPerSecond: 2 });
  const client = world.client(edge.address);
  const streams = Array.from({ length: 30 }, (_, index) =>
    client.open("delta", { ...node, id: `e${index}` }),
  );
  const counts = streams.map((stream) => counted(stream));
  const ended: number[] = [];
  for (const stream of streams) {
    stream.subscribe("cluster");
    void stream.ended.then(({ code }) => ended.push(code));
  }
  const served = (): number => counts.reduce((sum, count) => sum + count(), 0);
  await until(() => ended.length >= 8 && served() >= 2);
  equal(served(), 2);
  deepEqual(new Set(ended), new Set([status.UNAVAILABLE]));
  world.clock.advance(500);
  await until(() => served() === 3);
  world.clock.advance(9_500);
  await until(() => served() === 22);
  equal(ended.length, 8);
});

test("rule 64: an old connection is closed, a stream of it not before it has had a response", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a"), endpoints("a", 1)]);
  const edge = await world.startEdge({ connectionAgeMs: 60_000 });
  const client = world.client(edge.address);
  const [answered, silent] = [client.open("delta", node), client.open("sotw", { ...node, id: "envoy-2" })];
  answered.subscribe("cluster");
  await answered.take("cluster");
  // Rule 13: no names of endpoints are answered with nothing.
  silent.subscribe("endpoint");
  await until(() => edge.proxies().length === 2);
  world.clock.advance(53_999);
  deepEqual(await answered.answersUntilFence(), []);
  world.clock.advance(12_001);
  const { code, details } = await answered.ended;
  equal(code, status.UNAVAILABLE);
  match(details, /has reached its age/);
  equal(edge.proxies().length, 1);
  silent.subscribe("endpoint", "a");
  equal((await silent.next()).summary, "endpoint a");
  equal((await silent.ended).code, status.UNAVAILABLE);
  // A new connection, of its own age.
  const again = client.open("delta", node);
  again.subscribe("cluster");
  equal((await again.take("cluster")).summary, "cluster a");
  world.clock.advance(53_000);
  deepEqual(await again.answersUntilFence(), []);
});

test("rule 71: connections that came at once do not grow old at once", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const edge = await world.startEdge({ connectionAgeMs: 100_000 });
  for (let index = 0; index < 20; index++) {
    const stream = world.connect(edge, "delta", { id: `e${index}` });
    stream.subscribe("cluster");
    await stream.take("cluster");
  }
  world.clock.advance(89_999);
  const left: number[] = [];
  for (let second = 90; second <= 110; second++) {
    left.push(edge.proxies().length);
    world.clock.advance(1_000);
  }
  equal(left[0], 20);
  equal(edge.proxies().length, 0);
  ok(new Set(left).size > 4, `ages that differ, left open after each second ${left}`);
});

test("a client is told how many streams a connection may have, and opens no more", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const edge = await world.startEdge({ streamsPerConnectionMax: 2 });
  const client = world.client(edge.address);
  const streams = [client.open("delta", node), client.open("delta", node)];
  for (const stream of streams) {
    stream.subscribe("cluster");
    await stream.take("cluster");
  }
  client.open("delta", node).subscribe("cluster");
  for (const stream of streams) deepEqual(await stream.answersUntilFence(), []);
  equal(edge.proxies().length, 2);
  const elsewhere = world.connect(edge, "delta");
  elsewhere.subscribe("cluster");
  equal((await elsewhere.take("cluster")).summary, "cluster a");
});

test("a connection that does not answer pings is closed", async (t) => {
  const world = await EdgeWorld.serving(t, []);
  const edge = await world.startEdge({ keepaliveMs: 20, keepaliveTimeoutMs: 20 });
  const [host = "", port = ""] = edge.address.split(":");
  const socket = connectTcp({ host, port: Number(port) });
  t.after(() => socket.destroy());
  socket.resume();
  const closed = once(socket, "close");
  // The preface of HTTP/2 and empty SETTINGS; then nothing more.
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
  await closed;
});
