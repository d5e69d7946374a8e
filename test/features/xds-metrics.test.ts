/** What /metrics of an edge says of its streams, without a label for any of them. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "@routeledger/service-kit";
import { EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols } from "./xds/raw-client.ts";
import { cluster } from "./xds/sample-parts.ts";

const prefix = "routeledger_edge_";

async function numbers(metrics: Metrics): Promise<Record<string, number>> {
  const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith(prefix));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(prefix.length, space), Number(line.slice(space + 1))];
    }),
  );
}

for (const protocol of protocols) {
  test(`a change is timed from its publication to its ACK, a stream's first responses are not, ${protocol}`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a")]);
    const metrics = new Metrics();
    const edge = await world.startEdge({ metrics });
    const stream = world.connect(edge, protocol);
    stream.subscribe("cluster");
    await stream.take("cluster");
    deepEqual(await stream.answersUntilFence(), []);
    const before = await numbers(metrics);
    equal(before['acks_total{type="cluster"}'], 1);
    equal(before['push_seconds_count{type="cluster"}'], undefined);
    world.clock.advance(1_000);
    await world.publish(edge, [cluster("a", { timeoutMs: 2_000 })]);
    const change = await stream.next();
    world.clock.advance(3_000);
    stream.ack(change);
    deepEqual(await stream.answersUntilFence(), []);
    const after = await numbers(metrics);
    equal(after['push_seconds_count{type="cluster"}'], 1);
    equal(after['push_seconds_sum{type="cluster"}'], 3);
  });

  test(`rule 73: what is in quarantine is counted by type, and its age by reason, ${protocol}`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a"), cluster("b")]);
    const metrics = new Metrics();
    const edge = await world.startEdge({ metrics });
    const stream = world.connect(edge, protocol);
    stream.subscribe("cluster");
    await stream.take("cluster");
    deepEqual(await stream.answersUntilFence(), []);
    await world.publish(edge, [cluster("a", { timeoutMs: 2_000 }), cluster("b")]);
    stream.nack(await stream.next(), "a: no such thing");
    deepEqual(await stream.answersUntilFence(), []);
    world.clock.advance(5_000);
    const held = await numbers(metrics);
    equal(held['quarantined_resources{type="cluster"}'], 1);
    equal(held['quarantined_resources{type="listener"}'], 0);
    equal(held['gates{reason="quarantine"}'], 1);
    equal(held['gates_oldest_seconds{reason="quarantine"}'], 5);
    equal(held['gates_oldest_seconds{reason="addition"}'], 0);
    equal(held['nacks_total{type="cluster"}'], 1);
  });

  test(`streams are counted by service and protocol, and how they ended by a bounded set of reasons, ${protocol}`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a")]);
    const metrics = new Metrics();
    const edge = await world.startEdge({ metrics });
    const streams = [world.connect(edge, protocol), world.connect(edge, protocol)];
    for (const stream of streams) {
      stream.subscribe("cluster");
      await stream.take("cluster");
    }
    const open = await numbers(metrics);
    const other = protocol === "delta" ? "sotw" : "delta";
    equal(open[`connected_streams{service="ads",protocol="${protocol}"}`], 2);
    equal(open[`connected_streams{service="ads",protocol="${other}"}`], 0);
    equal(open[`connected_streams{service="cds",protocol="${protocol}"}`], 0);
    streams[0]?.cancel();
    await until(() => edge.proxies().length === 1);
    await edge.stop();
    const ended = await numbers(metrics);
    equal(ended[`connected_streams{service="ads",protocol="${protocol}"}`], 0);
    equal(ended['streams_ended_total{reason="client"}'], 1);
    equal(ended['streams_ended_total{reason="unavailable"}'], 1);
  });
}

test("what is sent again unchanged since it is owed is counted", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const metrics = new Metrics();
  const edge = await world.startEdge({ metrics });
  const stream = world.connect(edge, "delta");
  stream.subscribe("cluster", "a");
  await stream.take("cluster");
  deepEqual(await stream.answersUntilFence(), []);
  equal((await numbers(metrics))['resent_resources_total{type="cluster"}'], undefined);
  stream.subscribe("cluster", "a");
  await stream.take("cluster");
  ok((await numbers(metrics))['resent_resources_total{type="cluster"}'] === 1);
});
