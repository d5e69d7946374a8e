/** Answers that are owed, waited for or repeated: what a client that warms its clusters needs, over a real socket. */
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "@routeledger/std";
import { EdgeWorld } from "./xds/edge-world.ts";
import { protocols } from "./xds/raw-client.ts";
import { cluster, endpoints, listener, route } from "./xds/sample-parts.ts";

test("rule 24: a request that is repeated ten times is answered at once, and once more after the interval", async (t) => {
  const world = await EdgeWorld.serving(t, [endpoints("a", 1)]);
  const stream = world.connect(world.edge, "sotw");
  stream.subscribe("endpoint", "a");
  await stream.take("endpoint");
  stream.rewarm("endpoint");
  const [answer] = await stream.untilFence();
  equal(answer?.summary, "endpoint a");
  if (answer !== undefined) stream.ack(answer);
  for (let repeated = 0; repeated < 9; repeated++) stream.rewarm("endpoint");
  deepEqual(await stream.answersUntilFence(), []);
  world.clock.advance(1_000);
  const late = await stream.untilFence();
  deepEqual(
    late.map(({ summary }) => summary),
    ["endpoint a"],
  );
  for (const received of late) stream.ack(received);
  world.clock.advance(10_000);
  deepEqual(await stream.answersUntilFence(), []);
});

for (const protocol of protocols) {
  test(`rule 45 and 46, ${protocol}: a client that withholds its ACK of the clusters is sent all that follows`, async (t) => {
    const world = await EdgeWorld.serving(t, [
      cluster("a"),
      endpoints("a", 1),
      listener("l", { table: "r" }),
      route("r", "a"),
    ]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    equal((await stream.next()).summary, "cluster a");
    stream.subscribe("endpoint", "a");
    equal((await stream.take("endpoint")).summary, "endpoint a");
    stream.subscribe("listener");
    equal((await stream.next()).summary, "listener l");
    stream.subscribe("route", "r");
    equal((await stream.take("route")).summary, "route r");
    const changed = { timeoutMs: 2_000 };
    await world.publish(world.edge, [
      cluster("a", changed),
      endpoints("a", 2),
      listener("l", { table: "r" }),
      route("r"),
    ]);
    deepEqual(await stream.answersUntilFence(), ["cluster a", "endpoint a", "route r"]);
  });

  test(`rule 40, ${protocol}: clusters that share endpoints owe them, whichever changes`, async (t) => {
    const shared = (first: number, second: number) => [
      cluster("one", { serviceName: "both", timeoutMs: first }),
      cluster("two", { serviceName: "both", timeoutMs: second }),
      endpoints("both", 1),
    ];
    const world = await EdgeWorld.serving(t, shared(1_000, 1_000));
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    await stream.take("cluster");
    stream.subscribe("endpoint", "both");
    await stream.take("endpoint");
    for (const edition of [shared(2_000, 1_000), shared(2_000, 2_000), shared(1_000, 2_000)]) {
      await world.publish(world.edge, edition);
      await stream.take("cluster");
      equal((await stream.take("endpoint")).summary, "endpoint both");
      deepEqual(await stream.answersUntilFence(), []);
    }
  });

  test(`rule 43, ${protocol}: a listener that returns to its route table, or alters the reference, is owed the table`, async (t) => {
    const table = route("r");
    const world = await EdgeWorld.serving(t, [listener("l", { table: "r" }), table]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("listener");
    await stream.take("listener");
    stream.subscribe("route", "r");
    await stream.take("route");
    const editions = [
      [listener("l"), []],
      [listener("l", { table: "r" }), ["route r"]],
      [listener("l", { table: "r", fetchTimeoutMs: 7_000 }), ["route r"]],
      [listener("l", { table: "r", fetchTimeoutMs: 7_000, idleTimeoutMs: 9_000 }), []],
    ] as const;
    for (const [edition, owed] of editions) {
      await world.publish(world.edge, [edition, table]);
      await stream.take("listener");
      deepEqual(await stream.answersUntilFence(), [...owed]);
    }
  });

  test(`rule 50, ${protocol}: a cluster that comes back within the grace was never gone`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), cluster("b")]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    await stream.take("cluster");
    await world.publish(world.edge, [cluster("b")]);
    deepEqual(await stream.answersUntilFence(), []);
    world.clock.advance(59_000);
    await world.publish(world.edge, [cluster("a"), cluster("b")]);
    world.clock.advance(120_000);
    deepEqual(await stream.answersUntilFence(), []);
    await world.publish(world.edge, [cluster("b")]);
    world.clock.advance(59_000);
    deepEqual(await stream.answersUntilFence(), []);
    world.clock.advance(1_000);
    const gone = protocol === "delta" ? ["cluster -a"] : ["cluster b"];
    deepEqual(await stream.answersUntilFence(), gone);
  });

  test(`rule 35 and 42, ${protocol}: endpoints that are taken away are sent as an assignment without any`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), endpoints("a", 1)]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("endpoint", "a");
    await stream.take("endpoint");
    const none = endpoints("a");
    await world.publish(world.edge, [cluster("a"), none]);
    const empty = await stream.take("endpoint");
    equal(empty.summary, "endpoint a");
    equal(sha256Hex(empty.resources[0]?.value ?? new Uint8Array()), none.digest);
  });
}
