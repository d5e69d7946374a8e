/** An edge that stops sends its proxies to others: told by GOAWAY, in portions, with what happened recorded. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { Metrics } from "@routeledger/service-kit";
import { EdgeWorld, until } from "./xds/edge-world.ts";
import { protocols, type RawStream } from "./xds/raw-client.ts";
import { cluster } from "./xds/sample-parts.ts";

const drainMs = 1_000;

for (const protocol of protocols) {
  test(`${protocol}: an edge that stops takes no stream, serves those that are open, and ends them in portions`, async (t) => {
    const world = await EdgeWorld.serving(t, [cluster("a")]);
    const edge = await world.startEdge({ drainMs });
    const streams = Array.from({ length: 10 }, (_, index) =>
      world.connect(edge, protocol, { id: `e${index}` }),
    );
    for (const stream of streams) await served(stream);
    const stopped = edge.stop();
    const [first, ...others] = streams as [RawStream, ...RawStream[]];
    equal((await first.ended).code, status.UNAVAILABLE);
    deepEqual([edge.ready, edge.whyNotReady, edge.proxies().length], [false, "the edge is stopping", 9]);
    const refused = world.connect(edge, protocol);
    refused.subscribe("cluster");
    equal((await refused.ended).code, status.UNAVAILABLE);
    await world.publish(edge, [cluster("a", { timeoutMs: 2_000 })]);
    for (const stream of others) equal((await stream.take("cluster")).summary, "cluster a");
    for (let portion = 1; portion < 10; portion++) {
      world.clock.advance(drainMs / 10);
      await until(() => edge.proxies().length === 9 - portion);
    }
    for (const stream of others) equal((await stream.ended).code, status.UNAVAILABLE);
    await stopped;
    const ended = (await world.deliveries()).filter(({ disconnected }) => disconnected !== undefined);
    deepEqual(new Set(ended.map(({ nodeId }) => nodeId)).size, 10);
  });
}

test("what an edge does is counted", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const metrics = new Metrics();
  const edge = await world.startEdge({ metrics });
  const stream = world.connect(edge, "delta");
  await served(stream);
  await world.publish(edge, [cluster("a", { timeoutMs: 2_000 })]);
  const change = await stream.next();
  world.clock.advance(3_000);
  const waiting = await numbers(metrics);
  equal(waiting.get("routeledger_edge_unacked_seconds"), 3);
  stream.nack(change);
  deepEqual(await stream.answersUntilFence(), []);
  const all = await numbers(metrics);
  const expected = {
    streams: 1,
    unacked_seconds: 0,
    revision: 2,
    node_groups: 1,
    log_followed: 1,
    log_lag_messages: 0,
    'responses_sent_total{type="cluster"}': 2,
    'acks_total{type="cluster"}': 1,
    'nacks_total{type="cluster"}': 1,
    'ack_seconds_count{type="cluster"}': 1,
  };
  for (const [name, value] of Object.entries(expected))
    equal(all.get(`routeledger_edge_${name}`), value, name);
  ok((all.get('routeledger_edge_response_bytes_total{type="cluster"}') ?? 0) > 0);
  world.gate.disconnect();
  await until(() => edge.trouble !== undefined);
  const away = await numbers(metrics);
  equal(away.get("routeledger_edge_log_followed"), 0);
  ok(Number.isNaN(away.get("routeledger_edge_log_lag_messages")));
});

async function served(stream: RawStream): Promise<void> {
  stream.subscribe("cluster");
  equal((await stream.take("cluster")).summary, "cluster a");
  await stream.untilFence();
}

async function numbers(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1).replace("Nan", "NaN"))];
    }),
  );
}
