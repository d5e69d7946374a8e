/** What the stream machine alone cannot show: an edge over a real socket, fed by a log. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { sha256Hex, systemClock } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import { applied, defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols } from "./xds/raw-client.ts";
import { cluster, endpoints, fences, listener, route } from "./xds/sample-parts.ts";

for (const protocol of protocols) {
  test(`rule 1, ${protocol}: an aggregated request without a type ends the stream with INVALID_ARGUMENT`, async (t) => {
    const world = await EdgeWorld.serving(t, []);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("");
    equal((await stream.ended).code, status.INVALID_ARGUMENT);
  });

  test(`rule 2, ${protocol}: the first request says the node, later ones need not, and may say it again`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), endpoints("a", 1)]);
    const nameless = world.connect(world.edge, protocol, { id: "" });
    nameless.subscribe("cluster");
    equal((await nameless.ended).code, status.INVALID_ARGUMENT);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    await stream.take("cluster");
    const node = { id: "envoy-1", cluster: defaultGroup, dynamicParameters: {} };
    if (protocol === "sotw") stream.sendSotw("endpoint", { node, resourceNames: ["a"] });
    else stream.sendDelta("endpoint", { node, resourceNamesSubscribe: ["a"] });
    equal((await stream.take("endpoint")).summary, "endpoint a");
    equal(world.edge.proxies().length, 1);
  });

  test(`rule 3, ${protocol}: two streams of one node id share nothing`, async (t) => {
    const world = await EdgeWorld.serving(t, [endpoints("a", 1), endpoints("b", 1)]);
    const [one, two] = [world.connect(world.edge, protocol), world.connect(world.edge, protocol)];
    one.subscribe("endpoint", "a");
    two.subscribe("endpoint", "b");
    equal((await one.take("endpoint")).summary, "endpoint a");
    equal((await two.take("endpoint")).summary, "endpoint b");
    await world.publish(world.edge, [endpoints("a", 2), endpoints("b", 1)]);
    deepEqual(await one.answersUntilFence(), ["endpoint a"]);
    deepEqual(await two.answersUntilFence(), []);
    one.cancel();
    await until(() => world.edge.proxies().length === 1);
    await world.publish(world.edge, [endpoints("a", 2), endpoints("b", 2)]);
    deepEqual(await two.answersUntilFence(), ["endpoint b"]);
  });

  test(`rule 4, ${protocol}: of 1,000 nonces no two are the same`, async (t) => {
    const world = await EdgeWorld.serving(t, [route("r"), route("s")]);
    const stream = world.connect(world.edge, protocol);
    const nonces = new Set<string>();
    for (let turn = 0; turn < 1_000; turn++) {
      stream.subscribe("route", turn % 2 ? "r" : "s");
      nonces.add((await stream.take("route")).nonce);
      stream.unsubscribe("route", turn % 2 ? "r" : "s");
    }
    equal(nonces.size, 1_000);
  });

  test(`rule 49, ${protocol}: a cluster goes when the route table that dropped it is ACKed and the grace is over`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), cluster("b"), route("r", "a")]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    await stream.take("cluster");
    stream.subscribe("route", "r");
    await stream.take("route");
    await world.publish(world.edge, [cluster("b"), route("r", "b")]);
    const table = await stream.next();
    equal(table.summary, "route r");
    world.clock.advance(60_000);
    deepEqual(await stream.answersUntilFence(), []);
    stream.ack(table);
    const removal = protocol === "delta" ? "cluster -a" : "cluster b";
    deepEqual(await stream.answersUntilFence(), [removal]);
  });

  test(`rule 52, ${protocol}: a thousand publications that come at once are pushed a few times`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a")]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    await stream.take("cluster");
    world.gate.holdReadersAt(1);
    for (let change = 1; change <= 1_000; change++) {
      await world.publisher.publish(defaultGroup, [cluster("a", { timeoutMs: 1_000 + change }), ...fences]);
    }
    world.gate.open();
    await applied(world.edge, 1_001);
    const answers = await stream.untilFence();
    ok(answers.length >= 1 && answers.length <= 10, `1 to 10 responses, got ${answers.length}`);
    const last = cluster("a", { timeoutMs: 2_000 });
    equal(sha256Hex(answers.at(-1)?.resources[0]?.value ?? new Uint8Array()), last.digest);
  });

  test(`rule 69, ${protocol}: a request may hold 100,000 names`, async (t) => {
    const world = await EdgeWorld.serving(t, [endpoints("held", 1)]);
    const stream = world.connect(world.edge, protocol);
    const names = Array.from({ length: 100_000 }, (_, index) => `${"long-name-".repeat(6)}${index}`);
    stream.subscribe("endpoint", ...names, "held");
    const answer = await stream.take("endpoint");
    deepEqual(answer.names, ["held"]);
    equal(answer.removed.length, protocol === "delta" ? 100_000 : 0);
    deepEqual(await stream.answersUntilFence(), []);
  });

  test(`rule 70, ${protocol}: what is sent is what the log holds, byte for byte, and no more than what changed`, async (t) => {
    const odd = withUnknownField(cluster("c000"));
    const others = Array.from({ length: 499 }, (_, index) =>
      cluster(`c${String(index + 1).padStart(3, "0")}`),
    );
    const world = await EdgeWorld.serving(t, [odd, ...others]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    const all = await stream.take("cluster");
    equal(all.resources.length, 500);
    deepEqual(Buffer.from(all.resources[0]?.value ?? []), Buffer.from(odd.bytes));
    await world.publish(world.edge, [odd, ...others.with(7, cluster("c008", { timeoutMs: 5_000 }))]);
    const change = await stream.take("cluster");
    equal(change.resources.length, protocol === "delta" ? 1 : 500);
  });

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

test("rule 67: before an edge has read what the log holds, streams fail with UNAVAILABLE", async (t) => {
  const world = new EdgeWorld(t);
  await world.publisher.publish(defaultGroup, [cluster("a"), ...fences]);
  world.gate.holdReadersAt(0);
  const edge = await world.openEdge();
  for (const protocol of protocols) {
    const early = world.connect(edge, protocol);
    early.subscribe("cluster");
    const { code, details } = await early.ended;
    deepEqual([code, details], [status.UNAVAILABLE, "the edge is not ready yet"]);
  }
  equal(edge.ready, false);
  world.gate.open();
  await edge.becameReady;
  equal(edge.ready, true);
  const stream = world.connect(edge, "delta");
  stream.subscribe("cluster");
  equal((await stream.take("cluster")).summary, "cluster a");
});

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

/** The same cluster with a field that no descriptor has. */
function withUnknownField(part: Part): Part {
  const bytes = Buffer.concat([part.bytes, Uint8Array.from([0xfa, 0xff, 0x03, 2, 0x68, 0x69])]);
  return { ...part, bytes, digest: sha256Hex(bytes) };
}

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
