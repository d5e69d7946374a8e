/** A real Envoy behind an edge, under load: the failures of other control planes must not happen. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import type { Part } from "@routeledger/xds-model";
import { cluster, endpoints, listener, route } from "../features/xds/sample-parts.ts";
import { EnvoyWorld, noFaults, variants } from "./edge/envoy-world.ts";
import { startSilentServer } from "./edge/silent-server.ts";

/** What a changed cluster or a restored route table may take, milliseconds. */
const recoveryMaxMs = 1_000;

for (const variant of variants) {
  test(`story 1, rule 39 and 45, ${variant.name}: a cluster changes 50 times, its endpoints do not, and traffic goes on`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, ({ port, backendPort }) => [
      listener("l", { port, table: "r" }),
      route("r", "a"),
      cluster("a"),
      endpoints("a", backendPort),
    ]);
    const { envoy } = world;
    const load = world.load();
    await load.more(10);
    let worstMs = 0;
    for (let change = 1; change <= 50; change++) {
      await world.publish([
        listener("l", { port: world.port, table: "r" }),
        route("r", "a"),
        cluster("a", { timeoutMs: 1_000 + change }),
        endpoints("a", world.backendPort),
      ]);
      const tookMs = await envoy.until(`warm cluster after change ${change}`, async () => {
        const modified = await envoy.stat("cluster_manager.cluster_modified");
        return modified >= change && (await envoy.stat("cluster_manager.warming_clusters")) === 0;
      });
      worstMs = Math.max(worstMs, tookMs);
    }
    await load.more(10);
    ok(worstMs < recoveryMaxMs, `warm within ${recoveryMaxMs} ms, at worst ${worstMs}`);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
    t.diagnostic(`warm after at worst ${worstMs.toFixed(1)} ms, answers ${JSON.stringify(load.counts)}`);
  });

  test(`story 2, rule 21, 27 and 43, ${variant.name}: a listener that leaves its route tables and returns to them serves them at once`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, ({ port }) => tables(port, "r1"));
    const { envoy, port } = world;
    const load = world.load();
    await load.more(10, "204");
    for (const [gap, fetchTimeoutMs] of [
      ["while the old listener drains", undefined],
      ["after the drain", undefined],
      ["while the old listener drains, with another timeout", 7_000],
      ["after the drain, with another timeout", 8_000],
    ] as const) {
      await world.publish(tables(port, undefined));
      await load.more(10, "500");
      if (gap.startsWith("after the drain")) {
        await envoy.until("end of the drain", async () => (await draining(world)) === 0);
      }
      await world.publish(tables(port, "r1", fetchTimeoutMs));
      const start = performance.now();
      await load.more(10, "204");
      const tookMs = performance.now() - start;
      ok(tookMs < recoveryMaxMs, `${gap}: served within ${recoveryMaxMs} ms, got ${tookMs}`);
      t.diagnostic(`${gap}: served after ${tookMs.toFixed(1)} ms`);
    }
    ok(load.hasOnly("204", "500"), `no other answers, got ${JSON.stringify(load.counts)}`);
    equal(await envoy.stat("listener_manager.total_listeners_warming"), 0);
    deepEqual(await world.faults(), noFaults);
  });

  test(`rule 23 and 31, ${variant.name}: a server that dies while a cluster warms is replaced, and the cluster goes live`, async (t) => {
    const parts = (port: number, backendPort: number, timeoutMs: number): Part[] => [
      listener("l", { port, table: "r" }),
      route("r", "a"),
      cluster("a", { timeoutMs }),
      endpoints("a", backendPort),
    ];
    const world = await EnvoyWorld.start(t, variant, ({ port, backendPort }) =>
      parts(port, backendPort, 1_000),
    );
    const { envoy } = world;
    const load = world.load();
    await load.more(10);
    await world.stopEdge();
    await world.publish(parts(world.port, world.backendPort, 2_000));
    const silent = await startSilentServer(world.edgePort, world.snapshot);
    await envoy.until("cluster that warms", async () => (await warming(world)) === 1);
    silent.stop();
    await world.startEdge();
    await envoy.until("stream to the edge", async () => world.edge.proxies().length === 1);
    const tookMs = await envoy.until("warm cluster", async () => (await warming(world)) === 0);
    ok(tookMs < recoveryMaxMs, `warm within ${recoveryMaxMs} ms of the stream, got ${tookMs}`);
    await load.more(10);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
    t.diagnostic(`warm ${tookMs.toFixed(1)} ms after the stream`);
  });
}

/** What does not differ between versions is asked of the newest one. */
for (const variant of variants.filter(({ version }) => version === defaultEnvoyVersion)) {
  test(`rule 32, ${variant.name}: an edge is replaced by one with the same content, and nothing is updated`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, ({ port, backendPort }) => [
      listener("l", { port, table: "r" }),
      route("r", "a"),
      cluster("a"),
      endpoints("a", backendPort),
    ]);
    const { envoy } = world;
    const load = world.load();
    await load.more(10);
    await world.stopEdge();
    await world.startEdge();
    await envoy.until("stream to the edge", async () =>
      world.edge
        .proxies()
        .some(({ types }) => types.some(({ type, acked }) => type === "endpoint" && acked !== "")),
    );
    equal(await envoy.stat("cluster_manager.cluster_modified"), 0);
    equal(await envoy.stat("listener_manager.listener_modified"), 0);
    await load.more(10);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });
}

/** A listener on a route table that answers 204, or without one, answering 500. The table is always there. */
function tables(port: number, table: string | undefined, fetchTimeoutMs?: number): Part[] {
  const timeout = fetchTimeoutMs === undefined ? {} : { fetchTimeoutMs };
  return [listener("l", { port, ...(table === undefined ? {} : { table, ...timeout }) }), route("r1")];
}

function warming({ envoy }: EnvoyWorld): Promise<number> {
  return envoy.stat("cluster_manager.warming_clusters");
}

async function draining({ envoy }: EnvoyWorld): Promise<number> {
  const [listeners, chains] = await Promise.all([
    envoy.stat("listener_manager.total_listeners_draining"),
    envoy.stat("listener_manager.total_filter_chains_draining"),
  ]);
  return listeners + chains;
}
