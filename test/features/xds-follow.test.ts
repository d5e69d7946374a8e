/** What an edge does while its log is out of reach, purged, damaged or exchanged: it serves on (P10), and never goes back (P6). */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import type { Logger } from "@routeledger/service-kit";
import type { XdsEdge } from "@routeledger/xds-edge";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols, type RawStream } from "./xds/raw-client.ts";
import { cluster, fences } from "./xds/sample-parts.ts";

/** `a` as it is published at a time: each differs from the others. */
function at(time: number) {
  return cluster("a", { timeoutMs: 1_000 + time });
}

async function serving(world: EdgeWorld, edge: XdsEdge, protocol: "sotw" | "delta"): Promise<RawStream> {
  const stream = world.connect(edge, protocol);
  stream.subscribe("cluster");
  await stream.take("cluster");
  return stream;
}

/** Time goes on until it is so. */
async function eventually(world: EdgeWorld, condition: () => boolean): Promise<void> {
  await until(() => {
    world.clock.advance(50);
    return condition();
  });
}

function bytesOf(part: { readonly bytes: Uint8Array }): string {
  return Buffer.from(part.bytes).toString("hex");
}

/** What the next cluster response says of `a`. */
async function next(stream: RawStream): Promise<string> {
  const { resources } = await stream.take("cluster");
  return Buffer.from(resources[0]?.value ?? []).toString("hex");
}

for (const protocol of protocols) {
  test(`P10, ${protocol}: with the log gone an edge serves on, also those that come only now, and follows again by itself`, async (t) => {
    const world = await EdgeWorld.serving(t, [at(1)]);
    const { edge } = world;
    const stream = await serving(world, edge, protocol);
    world.gate.disconnect();
    await until(() => edge.trouble !== undefined);
    deepEqual([edge.ready, edge.trouble?.code], [true, "log.unreachable"]);
    const late = await serving(world, edge, protocol);
    deepEqual([await stream.answersUntilFence(), await late.answersUntilFence()], [[], []]);
    await world.publisher.publish(defaultGroup, [at(2), ...fences]);
    world.gate.open();
    await eventually(world, () => edge.published.revision.sequence === 2);
    equal(await next(stream), bytesOf(at(2)));
    equal(await next(late), bytesOf(at(2)));
    equal(edge.trouble, undefined);
  });

  test(`${protocol}: what was purged while the log was out of reach is taken from the Catalog, and no stream ends`, async (t) => {
    const world = await EdgeWorld.serving(t, [at(1)]);
    const { edge } = world;
    const stream = await serving(world, edge, protocol);
    world.gate.disconnect();
    await until(() => edge.trouble !== undefined);
    for (const time of [2, 3, 4]) await world.publisher.publish(defaultGroup, [at(time), ...fences]);
    await world.publisher.checkpoint({ purge: true });
    world.gate.open();
    await eventually(world, () => edge.published.revision.sequence === 4);
    equal(await next(stream), bytesOf(at(4)));
    await world.publisher.publish(defaultGroup, [at(5), ...fences]);
    equal(await next(stream), bytesOf(at(5)));
    equal(edge.trouble, undefined);
  });

  test(`P6, ${protocol}: a log that lost its end is not followed until an operator adopts it, and nothing older is ever served`, async (t) => {
    const world = await EdgeWorld.serving(t, [at(1)]);
    const lines: string[] = [];
    const edge = await world.startEdge({ logger: recordingLogger(lines) });
    const stream = await serving(world, edge, protocol);
    for (const time of [2, 3]) {
      await world.publisher.publish(defaultGroup, [at(time), ...fences]);
      equal(await next(stream), bytesOf(at(time)));
    }
    world.storage.messages.splice(1);
    // Storage need not tell: a new stream's question does.
    const asking = await serving(world, edge, protocol);
    await eventually(world, () => edge.trouble?.code === "log.shorter");
    equal((await serving(world, edge, protocol)).protocol, protocol);
    await world.restartPublisher();
    await world.publisher.publish(defaultGroup, [at(2), ...fences]);
    await eventually(world, () => lines.length > 0);
    equal(edge.published.revision.sequence, 3);
    await world.publisher.adopt();
    await eventually(world, () => edge.trouble === undefined);
    await world.publisher.publish(defaultGroup, [at(3), ...fences]);
    await world.publisher.publish(defaultGroup, [at(4), ...fences]);
    equal(await next(stream), bytesOf(at(4)));
    equal(await next(asking), bytesOf(at(4)));
    equal(
      lines.filter((line) => line.includes("log.shorter")).length,
      2,
      "once when lost, once when it was over",
    );
  });

  test(`P6, ${protocol}: the right log, brought back, is followed again without an operator`, async (t) => {
    const world = await EdgeWorld.serving(t, [at(1)]);
    const { edge } = world;
    const stream = await serving(world, edge, protocol);
    await world.publish(edge, [at(2)]);
    equal(await next(stream), bytesOf(at(2)));
    const lost = world.storage.messages.splice(1);
    await serving(world, edge, protocol);
    await eventually(world, () => edge.trouble?.code === "log.shorter");
    world.storage.messages.push(...lost);
    await eventually(world, () => edge.trouble === undefined);
    await world.publisher.publish(defaultGroup, [at(3), ...fences]);
    equal(await next(stream), bytesOf(at(3)));
  });

  test(`P6, ${protocol}: another log under the same name is not followed, however much it holds`, async (t) => {
    const world = await EdgeWorld.serving(t, [at(1)]);
    const { edge } = world;
    const stream = await serving(world, edge, protocol);
    world.storage.messages.splice(0);
    world.storage.identity = "xds-2";
    await world.restartPublisher();
    for (const time of [7, 8, 9]) await world.publisher.publish(defaultGroup, [at(time), ...fences]);
    await serving(world, edge, protocol);
    await eventually(world, () => edge.trouble?.code === "log.recreated");
    deepEqual(await stream.answersUntilFence(), []);
    await world.publisher.adopt();
    await eventually(world, () => edge.published.revision.sequence === 3);
    equal(await next(stream), bytesOf(at(9)));
  });
}

test("what cannot be folded is said, what there is is served on, and a later Catalog goes round it", async (t) => {
  const world = await EdgeWorld.serving(t, [at(1)]);
  const { edge } = world;
  const stream = await serving(world, edge, "delta");
  await world.publisher.append({
    kind: "Publication",
    schemaVersion: 1,
    payload: new Uint8Array([0x0f, 0xff]),
  });
  await eventually(world, () => edge.trouble?.code === "edge.unfoldable");
  deepEqual([edge.ready, edge.published.revision.sequence], [true, 1]);
  await serving(world, edge, "delta");
  await world.publisher.publish(defaultGroup, [at(2), ...fences]);
  await world.publisher.checkpoint({ purge: false });
  await eventually(world, () => edge.published.revision.sequence === 2);
  equal(await next(stream), bytesOf(at(2)));
  equal(edge.trouble, undefined);
});

test("a publication that is too new is waited at until an operator skips it", async (t) => {
  const world = await EdgeWorld.serving(t, [at(1)]);
  const { edge } = world;
  const stream = await serving(world, edge, "delta");
  const { lastSequence } = world.storage;
  await world.publisher.append({ kind: "Publication", schemaVersion: 99, payload: new Uint8Array(0) });
  await eventually(world, () => edge.trouble?.code === "log.tooNew");
  await serving(world, edge, "delta");
  const skipped = { revision: { epoch: 1, sequence: lastSequence + 1 }, reason: "a test" };
  const payload = codec("routeledger.config.v1.EventSkipped").encode(skipped);
  await world.publisher.append({ kind: "EventSkipped", schemaVersion: 1, payload });
  await world.publisher.publish(defaultGroup, [at(2), ...fences]);
  await eventually(world, () => edge.published.revision.sequence === 2);
  equal(await next(stream), bytesOf(at(2)));
  equal(edge.trouble, undefined);
});

test("an edge that starts while the log lost something begins with what is there", async (t) => {
  const world = await EdgeWorld.serving(t, [at(1)]);
  await world.publisher.publish(defaultGroup, [at(2), ...fences]);
  world.storage.messages.splice(1);
  const edge = await world.startEdge();
  ok(edge.ready);
  equal(edge.published.revision.sequence, 1);
});

/** Keeps the lines that warn, and those that say that it is over. */
function recordingLogger(lines: string[]): Logger {
  const keep = (fields: object, message: string): void => {
    if (message.includes("XDS log")) lines.push(`${(fields as { code?: string }).code} ${message}`);
  };
  const logger: Logger = {
    debug: () => undefined,
    info: keep,
    warn: () => undefined,
    error: keep,
    child: () => logger,
  };
  return logger;
}
