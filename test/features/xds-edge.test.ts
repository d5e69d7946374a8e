/** What the stream machine alone cannot show: an edge over a real socket, fed by a log. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { systemClock } from "@routeledger/std";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols } from "./xds/raw-client.ts";
import { cluster, fences, listener } from "./xds/sample-parts.ts";

for (const protocol of protocols) {
  test(`${protocol}: a request that is none ends its own stream only`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a")]);
    const client = world.client(world.edge.address);
    const node = { id: "envoy-1", cluster: defaultGroup };
    const [broken, sound] = [client.open(protocol, node), client.open(protocol, { ...node, id: "envoy-2" })];
    broken.subscribe("cluster");
    await broken.take("cluster");
    sound.subscribe("cluster");
    await sound.take("cluster");
    broken.sendBytes(new Uint8Array([0x0f, 0xff, 0xff]));
    ok((await broken.ended).code !== status.OK);
    await until(() => world.edge.proxies().length === 1);
    deepEqual(await sound.answersUntilFence(), []);
    await world.publish(world.edge, [cluster("a", { timeoutMs: 2_000 })]);
    equal((await sound.take("cluster")).summary, "cluster a");
  });

  test(`rule 18 and 33, ${protocol}: a node group that nobody made is answered, with nothing`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), listener("l")]);
    const stream = world.connect(world.edge, protocol, { cluster: "default/unknown" });
    stream.subscribe("cluster");
    stream.subscribe("listener");
    equal((await stream.take("cluster")).summary, "cluster");
    equal((await stream.take("listener")).summary, "listener");
    await world.publish(world.edge, [cluster("b")], "default/unknown");
    equal((await stream.take("cluster")).summary, "cluster b");
  });
}

test("rule 67: without the log an edge is not ready and says why, and becomes ready when the log comes", async (t) => {
  const world = new EdgeWorld(t);
  await world.publisher.publish(defaultGroup, [cluster("a"), ...fences]);
  world.gate.cut();
  const edge = await world.openEdge({ clock: systemClock });
  await until(() => edge.trouble !== undefined);
  match(edge.whyNotReady ?? "", /^the edge is not ready yet: /);
  const early = world.connect(edge, "delta");
  early.subscribe("cluster");
  equal((await early.ended).code, status.UNAVAILABLE);
  world.gate.open();
  await edge.becameReady;
  deepEqual([edge.ready, edge.whyNotReady, edge.trouble], [true, undefined, undefined]);
  const stream = world.connect(edge, "delta");
  stream.subscribe("cluster");
  equal((await stream.take("cluster")).summary, "cluster a");
});

test("an edge that was stopped before it was ready ends, and leaves its port", async (t) => {
  const world = new EdgeWorld(t);
  world.gate.cut();
  const edge = await world.openEdge();
  equal(await isListening(edge.address), true);
  await edge.stop();
  await edge.becameReady;
  await edge.ended;
  equal(await isListening(edge.address), false);
});

test("an edge that stops says UNAVAILABLE to its clients", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const stream = world.connect(world.edge, "delta");
  stream.subscribe("cluster");
  await stream.take("cluster");
  await world.edge.stop();
  const { code, details } = await stream.ended;
  equal(code, status.UNAVAILABLE);
  match(details, /./);
});

test("more streams than the limit are refused, and served when others end", async (t) => {
  const world = new EdgeWorld(t);
  await world.publisher.publish(defaultGroup, [cluster("a"), ...fences]);
  const edge = await world.startEdge({ streamsMax: 1 });
  const first = world.connect(edge, "delta");
  first.subscribe("cluster");
  await first.take("cluster");
  const second = world.connect(edge, "delta");
  second.subscribe("cluster");
  equal((await second.ended).code, status.UNAVAILABLE);
  first.cancel();
  await until(() => edge.proxies().length === 0);
  const third = world.connect(edge, "delta");
  third.subscribe("cluster");
  equal((await third.take("cluster")).summary, "cluster a");
});

test("a stream that says nothing is ended, and makes room", async (t) => {
  const world = new EdgeWorld(t);
  await world.publisher.publish(defaultGroup, [cluster("a"), ...fences]);
  const edge = await world.startEdge({ streamsMax: 2 });
  const known = world.connect(edge, "delta");
  known.subscribe("cluster");
  await known.take("cluster");
  const silent = new Promise<number>((resolve) => {
    const call = world.client(edge.address).call("delta");
    call.on("error", ({ code }: { code?: number }) => resolve(code ?? status.OK));
  });
  // Until the silent stream holds the second place, a third one is taken and then ends with it.
  await until(async () => {
    const third = world.connect(edge, "delta");
    third.subscribe("cluster");
    const isServed = await Promise.race([third.next().then(() => true), third.ended.then(() => false)]);
    third.cancel();
    return !isServed;
  });
  world.clock.advance(15_000);
  equal(await silent, status.DEADLINE_EXCEEDED);
  deepEqual(await known.answersUntilFence(), []);
});

test("a node whose names fill every record of the log is refused, and not recorded", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const stream = world.connect(world.edge, "delta", { id: "x".repeat(513) });
  stream.subscribe("cluster");
  equal((await stream.ended).code, status.INVALID_ARGUMENT);
  await world.edge.stop();
  deepEqual(await world.deliveries(), []);
});

function isListening(address: string): Promise<boolean> {
  const [host = "", port = ""] = address.split(":");
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
