/** What an edge says in the DELIVERY log of what it sent and what its proxies answered. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { sha256, sha256Hex, toHex } from "@routeledger/std";
import { digestOfNames, type ResourceType, typeNumbers } from "@routeledger/xds-model";
import { type Delivery, defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols } from "./xds/raw-client.ts";
import type { Received } from "./xds/received.ts";
import { cluster, endpoints } from "./xds/sample-parts.ts";

/** Facts of one type, in order. */
function of(deliveries: readonly Delivery[], type: ResourceType): Delivery[] {
  return deliveries.filter(
    ({ sent, acked, nacked }) => (sent ?? acked ?? nacked)?.type === typeNumbers[type],
  );
}

/** What a client that holds exactly this response holds. */
function heldDigest({ resources }: Received): string {
  return digestOfNames(resources.map(({ name, value }) => ({ name, digest: sha256Hex(value) })));
}

for (const protocol of protocols) {
  test(`a stream's life is recorded: connected, sent, acked, nacked, disconnected, ${protocol}`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), cluster("b")]);
    const stream = world.connect(world.edge, protocol, { id: "envoy-7" });
    stream.subscribe("cluster");
    const first = await stream.take("cluster");
    deepEqual(await stream.answersUntilFence(), []);
    await world.publish(world.edge, [cluster("a", { timeoutMs: 2_000 }), cluster("b")]);
    const second = await stream.next();
    stream.nack(second, "no such thing");
    deepEqual(await stream.answersUntilFence(), []);
    stream.cancel();
    await until(() => world.edge.proxies().length === 0);
    await world.edge.stop();

    const deliveries = await world.deliveries();
    deepEqual(
      deliveries.map(({ counter }) => counter),
      deliveries.map((_, index) => index + 1),
    );
    for (const { nodeId, nodeGroup, streamId } of deliveries)
      deepEqual([nodeId, nodeGroup, streamId], ["envoy-7", defaultGroup, 1]);
    equal(deliveries[0]?.connected?.protocol, protocol);
    ok(deliveries.at(-1)?.disconnected !== undefined);

    const [sent, acked, sentAgain, nacked, ...others] = of(deliveries, "cluster");
    equal(others.length, 0);
    deepEqual([sent?.sent?.nonce, sent?.sent?.version], [first.nonce, first.version]);
    deepEqual(sent?.sent?.revision, { epoch: 1, sequence: 1 });
    deepEqual(
      sent?.sent?.resources.map(({ name, digest }) => [name, toHex(digest)]),
      first.resources.map(({ name, value }) => [name, toHex(sha256(value))]),
    );
    deepEqual([acked?.acked?.nonce, acked?.acked?.version], [first.nonce, first.version]);
    equal(toHex(acked?.acked?.heldDigest ?? new Uint8Array()), heldDigest(first));
    deepEqual(sentAgain?.sent?.revision, { epoch: 1, sequence: 2 });
    const { nonce, code, message, resources } = nacked?.nacked ?? {};
    deepEqual([nonce, code, message], [second.nonce, 3, "no such thing"]);
    deepEqual(
      resources?.map(({ name }) => name),
      [...second.names],
    );
  });

  test(`the digest of what is held follows what was added, changed and dropped, ${protocol}`, async (t) => {
    const world = await EdgeWorld.serving(t, [endpoints("a", 1), endpoints("b", 1)]);
    const stream = world.connect(world.edge, protocol);
    const held = new Map<string, string>();
    const expected: string[] = [];
    const take = async (): Promise<void> => {
      for (const { name, value } of (await stream.take("endpoint")).resources)
        held.set(name, sha256Hex(value));
      const sorted = [...held].sort().map(([name, digest]) => ({ name, digest }));
      expected.push(digestOfNames(sorted));
    };
    stream.subscribe("endpoint", "a");
    await take();
    stream.subscribe("endpoint", "b");
    await take();
    await world.publish(world.edge, [endpoints("a", 2), endpoints("b", 1)]);
    await take();
    stream.unsubscribe("endpoint", "a");
    held.delete("a");
    await world.publish(world.edge, [endpoints("a", 2), endpoints("b", 3)]);
    await take();
    deepEqual(await stream.answersUntilFence(), []);
    await world.edge.stop();
    const acked = of(await world.deliveries(), "endpoint").flatMap((delivery) => delivery.acked ?? []);
    deepEqual(
      acked.map((fact) => toHex(fact.heldDigest)),
      expected,
    );
  });

  test(`deliveries are in the log a tenth of a second later, while the stream lives, ${protocol}`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a")]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    await stream.take("cluster");
    await until(() => world.edge.proxies()[0]?.types[0]?.acked !== "");
    deepEqual(await world.deliveries(), []);
    world.clock.advance(100);
    await until(async () => of(await world.deliveries(), "cluster").length === 2);
  });

  test(`the live table says four things of each type: wanted, sent, acked, rejected, ${protocol}`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a")]);
    const stream = world.connect(world.edge, protocol);
    stream.subscribe("cluster");
    const { version: first } = await stream.take("cluster");
    deepEqual(await stream.answersUntilFence(), []);
    await world.publish(world.edge, [cluster("a", { timeoutMs: 2_000 })]);
    const rejected = await stream.next();
    const table = (): unknown => world.edge.proxies()[0]?.types.find(({ type }) => type === "cluster");
    const { version } = rejected;
    deepEqual(table(), { type: "cluster", wanted: version, sent: version, acked: first, rejected: "" });
    stream.nack(rejected);
    deepEqual(await stream.answersUntilFence(), []);
    deepEqual(table(), { type: "cluster", wanted: version, sent: version, acked: first, rejected: version });
  });
}
