/**
 * Rules 64 and 65: gRPC clients whose edges are killed, stopped and started again, under a load in which each failed
 * pick is a failed call.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { EdgeProcess } from "../edge-process/edge-process.ts";
import { until } from "./xds/edge-world.ts";
import { type GrpcClient, libraries, startGrpcClient } from "./xds-grpc/grpc-client.ts";
import { grpcTarget } from "./xds-grpc/grpc-parts.ts";
import { type NamedBackend, startBackend } from "./xds-grpc/named-backend.ts";

interface World {
  readonly edges: readonly [EdgeProcess, EdgeProcess];
  readonly red: NamedBackend;
  readonly blue: NamedBackend;
}

/** Two edges that serve the same: `publish` makes all targets lead to one backend. */
async function startWorld(t: TestContext): Promise<World> {
  const [red, blue] = await Promise.all([startBackend(t, "red"), startBackend(t, "blue")]);
  const parts = targets(red);
  const edges = await Promise.all([
    EdgeProcess.serving(t, parts, { edgeId: "edge-1" }),
    EdgeProcess.serving(t, parts, { edgeId: "edge-2" }),
  ]);
  return { edges, red, blue };
}

function targets({ port }: NamedBackend): Part[] {
  return ["one", "two", "late", "later"].flatMap((name) => grpcTarget({ name, ports: [port] }));
}

async function publish({ edges }: World, backend: NamedBackend): Promise<void> {
  await Promise.all(edges.map((edge) => edge.publish(targets(backend))));
}

async function startLoad(client: GrpcClient): Promise<void> {
  for (const target of ["one", "two"]) {
    equal((await client.call(target, { wait: true })).text, "red");
    await client.load(target);
  }
}

/** Each load made calls, and not one failed. */
async function assertNoneFailed(client: GrpcClient): Promise<void> {
  for (const target of ["one", "two"]) {
    const { good, failed, firstFailure } = await client.counted(target);
    deepEqual({ target, failed, firstFailure }, { target, failed: 0, firstFailure: "" });
    ok(good > 0, `calls to ${target} were made`);
  }
}

async function streamsOf(edge: EdgeProcess): Promise<number> {
  return (await edge.proxies()).length;
}

for (const library of libraries) {
  test(`${library}: one name with two edges, killed in turn: no call fails, changes come, new targets open`, async (t) => {
    const world = await startWorld(t);
    const [first, second] = world.edges;
    const client = await startGrpcClient(t, library, { servers: [[first.address, second.address]] });
    await startLoad(client);

    await first.kill();
    equal((await client.call("late", { wait: true })).text, "red");
    await publish(world, world.blue);
    await client.until("one", { text: "blue" });
    await client.until("two", { text: "blue" });

    // Both gone: what clients have goes on, and what is published meanwhile reaches them when an edge is back.
    await second.kill();
    await publish(world, world.red);
    equal((await client.call("one")).text, "blue");
    await first.start();
    await client.until("one", { text: "red" });
    await client.until("two", { text: "red" });
    equal((await client.call("later", { wait: true })).text, "red");
    await assertNoneFailed(client);
  });

  test(`rule 64, ${library}: an edge that stops sends its clients to the other one, and no call fails`, async (t) => {
    const world = await startWorld(t);
    const [first, second] = world.edges;
    const client = await startGrpcClient(t, library, { servers: [[first.address, second.address]] });
    await startLoad(client);
    const [used, other] = (await streamsOf(first)) > 0 ? [first, second] : [second, first];
    const streams = await streamsOf(used);
    await used.stop();
    await until(async () => (await streamsOf(other)) >= streams);
    await publish(world, world.blue);
    await client.until("one", { text: "blue" });
    await assertNoneFailed(client);
  });
}

test("rule 64 and 65, grpc-go: the second server of the bootstrap serves until the first is there", async (t) => {
  const world = await startWorld(t);
  const [first, second] = world.edges;
  await first.kill();
  const servers = [[first.address], [second.address]];
  const client = await startGrpcClient(t, "grpc-go", { servers });
  await startLoad(client);
  await publish(world, world.blue);
  await client.until("one", { text: "blue" });

  // Of what it asked the second for, grpc-go asks the first only for the listeners: it did that before it fell back.
  await first.start();
  await until(async () => (await streamsOf(first)) === 2 && (await streamsOf(second)) === 0);
  equal((await client.call("one")).text, "blue");
  equal((await client.call("late", { wait: true })).text, "blue");
  await publish(world, world.red);
  await client.until("late", { text: "red" });
  await assertNoneFailed(client);
});

test("rule 64, grpc-go: a first server that is killed is no reason to fall back, but for targets that it never served", async (t) => {
  const world = await startWorld(t);
  const [first, second] = world.edges;
  const servers = [[first.address], [second.address]];
  const client = await startGrpcClient(t, "grpc-go", { servers });
  await startLoad(client);
  await first.kill();
  equal((await client.call("late", { wait: true })).text, "red");
  await until(async () => (await streamsOf(second)) === 1);
  await publish(world, world.blue);
  await client.until("late", { text: "blue" });
  equal((await client.call("one")).text, "red");
  await first.start();
  await client.until("one", { text: "blue" });
  await assertNoneFailed(client);
});
