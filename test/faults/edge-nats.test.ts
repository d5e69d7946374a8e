/** An edge on a real nats-server that is frozen, killed, and comes back: proxies notice nothing (P10). */
import { deepEqual, equal, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import { CommitReader, deliveryKinds, type EventLog } from "@routeledger/event-log";
import { createNatsStreams, type NatsEventLogs, openNatsEventLogs } from "@routeledger/event-log-nats";
import { codec } from "@routeledger/protos";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock } from "@routeledger/std";
import { startXdsEdge, type XdsEdge } from "@routeledger/xds-edge";
import { defaultGroup } from "../features/xds/edge-world.ts";
import { Publisher } from "../features/xds/publisher.ts";
import { RawClient, type RawStream } from "../features/xds/raw-client.ts";
import { cluster, fences } from "../features/xds/sample-parts.ts";
import { type NatsTestServer, startNatsServer } from "../nats/nats-server.ts";

/** With the log away a new proxy waits for the catch-up deadline of 1 s; two cores may be busy. */
const servedWithinMs = 4_000;
/** Streams are closed at once, the last deliveries are tried for 1 s, connections linger for 0.5 s. */
const stoppedWithinMs = 5_000;

interface World {
  readonly server: NatsTestServer;
  readonly logs: NatsEventLogs;
  readonly edge: XdsEdge;
  readonly publisher: Publisher;
  connect(id: string): RawStream;
}

async function start(t: TestContext): Promise<World> {
  const nats = await startNatsServer();
  t.after(() => nats.dispose());
  const options = { servers: [nats.url], name: "edge-nats" };
  await createNatsStreams({ ...options, replicas: 1 });
  const logs = await openNatsEventLogs(options);
  t.after(() => logs.close());
  const publisher = new Publisher(logs.xds);
  await publisher.publish(defaultGroup, [cluster("a"), ...fences]);
  const edge = await startXdsEdge({
    xdsLog: logs.xds,
    deliveryLog: logs.delivery,
    address: "127.0.0.1:0",
    edgeId: "edge-1",
    clock: systemClock,
    randomBytes,
    logger: silentLogger,
  });
  t.after(() => edge.stop());
  await edge.becameReady;
  const connect = (id: string): RawStream => {
    const client = new RawClient(edge.address);
    t.after(() => client.close());
    return client.open("delta", { id, cluster: defaultGroup });
  };
  return { server: nats.server, logs, edge, publisher, connect };
}

async function served(stream: RawStream): Promise<void> {
  const startedMs = performance.now();
  stream.subscribe("cluster");
  equal((await stream.take("cluster")).summary, "cluster a");
  const tookMs = performance.now() - startedMs;
  ok(tookMs < servedWithinMs, `served within ${servedWithinMs} ms, got ${tookMs}`);
}

test("a nats-server that is frozen holds up no proxy, and what came meanwhile follows when it thaws", async (t) => {
  const { server, publisher, connect, edge, logs } = await start(t);
  const old = connect("old");
  await served(old);
  server.freeze();
  const late = connect("late");
  await served(late);
  deepEqual(await old.answersUntilFence(), []);
  server.thaw();
  await publisher.publish(defaultGroup, [cluster("a", { timeoutMs: 2_000 }), ...fences]);
  for (const stream of [old, late]) equal((await stream.take("cluster")).summary, "cluster a");
  await edge.stop();
  const nodes = new Set((await recorded(logs.delivery)).map(({ nodeId }) => nodeId));
  deepEqual(nodes, new Set(["old", "late"]));
});

test("a nats-server that is killed and started again is followed again, and no delivery of between is lost", async (t) => {
  const { server, publisher, connect, edge, logs } = await start(t);
  const old = connect("old");
  await served(old);
  await server.kill();
  await served(connect("late"));
  ok(edge.ready);
  await server.start();
  await publishWhenThere(publisher);
  equal((await old.take("cluster")).summary, "cluster a");
  equal(edge.trouble, undefined);
  await edge.stop();
  const records = await recorded(logs.delivery);
  ok(records.some(({ nodeId, connected }) => nodeId === "late" && connected !== undefined));
  deepEqual(
    records.filter(({ lost }) => (lost ?? 0) > 0),
    [],
  );
});

test("an edge stops in time though its log is frozen", async (t) => {
  const { server, connect, edge } = await start(t);
  const stream = connect("old");
  await served(stream);
  server.freeze();
  t.after(() => server.thaw());
  const startedMs = performance.now();
  await edge.stop();
  const tookMs = performance.now() - startedMs;
  ok(tookMs < stoppedWithinMs, `stopped within ${stoppedWithinMs} ms, got ${tookMs}`);
  await stream.ended;
});

/** The connection may not be made again yet. */
async function publishWhenThere(publisher: Publisher): Promise<void> {
  for (;;) {
    try {
      await publisher.publish(defaultGroup, [cluster("a", { timeoutMs: 2_000 }), ...fences]);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function recorded(log: EventLog) {
  const { lastSequence } = await log.info();
  const reader = new CommitReader(log, { from: undefined, kinds: deliveryKinds, chained: false });
  const found = [];
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type === "commit")
      found.push(...codec("routeledger.delivery.v1.DeliveryBatch").decode(item.commit.payload).deliveries);
  }
  return found;
}
