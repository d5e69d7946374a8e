/** A real Envoy behind an edge, under load: the failures of other control planes must not happen. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { cluster, endpoints, listener, route } from "../features/xds/sample-parts.ts";
import { EnvoyWorld, noFaults, variants } from "./edge/envoy-world.ts";
import { startSilentServer } from "./edge/silent-server.ts";

/** What a changed cluster or a restored route table may take, milliseconds. */
const recoveryMaxMs = 1_000;

for (const variant of variants) {
  test(`story 1, ${variant.name}: a cluster changes 50 times, its endpoints do not, and traffic goes on`, async (t) => {
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

  test(`story 2, ${variant.name}: a listener that leaves its route tables and returns to them serves them at once`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, ({ port }) => tables(port, "r1"));
    const { envoy, port } = world;
    const load = world.load();
    await load.more(10, "204");
    for (const gap of ["while the old listener drains", "after the drain"]) {
      await world.publish(tables(port, undefined));
      await load.more(10, "500");
      if (gap === "after the drain") {
        await envoy.until("end of the drain", async () => (await draining(world)) === 0);
      }
      await world.publish(tables(port, "r1"));
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

  test(`rules 47 and 49, ${variant.name}: routes move to new clusters and clusters go, and no request is lost`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, ({ port, backendPort }) => moved(port, backendPort, 0));
    const { envoy, port, backendPort } = world;
    const [kept, gone] = [world.load("/keep"), world.load("/gone")];
    await kept.more(10);
    await gone.more(10);
    for (let move = 1; move <= 20; move++) {
      await world.publish(moved(port, backendPort, move));
      await envoy.until(
        `cluster c${move}`,
        async () => (await envoy.stat("cluster_manager.cluster_added")) > move,
      );
      await gone.more(3);
    }
    ok(gone.hasOnly("200"), `only 200 while it moves, got ${JSON.stringify(gone.counts)}`);
    await world.publish(moved(port, backendPort, undefined));
    await gone.more(10, "404");
    await envoy.until(
      "removal of all that left",
      async () => (await envoy.stat("cluster_manager.cluster_removed")) === 21,
    );
    await kept.more(10);
    ok(kept.hasOnly("200"), `only 200, got ${JSON.stringify(kept.counts)}`);
    ok(gone.hasOnly("200", "404"), `only 200, then 404, got ${JSON.stringify(gone.counts)}`);
    deepEqual(await world.faults(), noFaults);
    t.diagnostic(`kept ${JSON.stringify(kept.counts)}, gone ${JSON.stringify(gone.counts)}`);
  });

  test(`rule 49, ${variant.name}: a listener moves to another table, and what drains keeps its clusters`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => onTable(ports, 0));
    const { envoy } = world;
    const load = world.load();
    await load.more(10);
    for (let move = 1; move <= 2; move++) {
      await world.publish(onTable(world, move));
      await envoy.until(`listener ${move}`, async () => (await listenersMade(world)) > move);
      await envoy.until("end of the drain", async () => (await draining(world)) === 0);
    }
    const left = async (): Promise<number> => envoy.stat("cluster_manager.cluster_removed");
    await envoy.until("removal of all that left", async () => (await left()) === 2);
    await load.more(10);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
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

  test(`rule 31, ${variant.name}: what left while no edge was there is removed, and no request is lost`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports.port, ports.backendPort, 0));
    const { envoy, port, backendPort } = world;
    const [kept, gone] = [world.load("/keep"), world.load("/gone")];
    await kept.more(10);
    await gone.more(10);
    await world.stopEdge();
    await world.publish(moved(port, backendPort, undefined));
    await kept.more(10);
    await gone.more(10);
    await world.startEdge();
    await gone.more(10, "404");
    const left = async (): Promise<number> => envoy.stat("cluster_manager.cluster_removed");
    await envoy.until("removal of what left", async () => (await left()) === 1);
    await kept.more(10);
    ok(kept.hasOnly("200"), `only 200, got ${JSON.stringify(kept.counts)}`);
    ok(gone.hasOnly("200", "404"), `only 200, then 404, got ${JSON.stringify(gone.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });

  test(`rule 31, ${variant.name}: what left and was forgotten while no edge was there is removed, too`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports.port, ports.backendPort, 0));
    const { envoy, port, backendPort } = world;
    const kept = world.load("/keep");
    await kept.more(10);
    await world.stopEdge();
    await world.publish(moved(port, backendPort, undefined));
    // Each publication is a second later: the grace is over before the last one.
    for (let later = 1; later <= 3; later++) {
      await world.publish([...moved(port, backendPort, undefined), route(`later-${later}`)]);
    }
    await world.startEdge();
    const left = async (): Promise<number> => envoy.stat("cluster_manager.cluster_removed");
    await envoy.until("removal of what left", async () => (await left()) === 1);
    await kept.more(10);
    ok(kept.hasOnly("200"), `only 200, got ${JSON.stringify(kept.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });

  test(`rules 6 and 7, ${variant.name}: a rejected cluster is sent once, and what else changes goes on`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => twoBackends(ports));
    const { envoy } = world;
    const [a, b] = [world.load("/a"), world.load("/b")];
    await a.more(10);
    await world.publish(twoBackends(world, { invalidCluster: true }));
    await envoy.until("rejection", async () => (await rejectedClusters(world)) === 1);
    for (let change = 1; change <= 10; change++) {
      await world.publish(twoBackends(world, { invalidCluster: true, weight: change + 1 }));
      await envoy.until(
        `endpoints ${change}`,
        async () => weightIn(await envoy.ask("/clusters"), "a") === change + 1,
      );
    }
    equal(await rejectedClusters(world), 1);
    await world.publish(twoBackends(world, { weight: 20 }));
    await envoy.until("endpoints", async () => weightIn(await envoy.ask("/clusters"), "a") === 20);
    await b.more(10);
    equal(await rejectedClusters(world), 1);
    ok(a.hasOnly("200") && b.hasOnly("200"), `only 200, got ${JSON.stringify([a.counts, b.counts])}`);
  });

  test(`rule 7, ${variant.name}: endpoints that were rejected beside bad ones come with the good ones`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => twoBackends(ports));
    const { envoy } = world;
    await world.publish(twoBackends(world, { weight: 5, invalidEndpoints: true }));
    await envoy.until("rejection", async () => (await envoy.sumOf("update_rejected")) > 0);
    await world.publish(twoBackends(world, { weight: 5 }));
    await envoy.until("endpoints of both", async () => {
      const clusters = await envoy.ask("/clusters");
      return weightIn(clusters, "a") === 5 && weightIn(clusters, "b") === 5;
    });
  });

  test(`rule 19, ${variant.name}: a new cluster warms at once while endpoints churn`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => twoBackends(ports));
    const { envoy } = world;
    const load = world.load("/a");
    await load.more(10);
    for (let change = 1; change <= 100; change++) {
      const added = change >= 50 ? [cluster("new"), endpoints("new", world.backendPort)] : [];
      await world.publish([...twoBackends(world, { weight: change + 1 }), ...added]);
    }
    await envoy.until("new cluster", async () => /^new::127/m.test(await envoy.ask("/clusters")));
    await envoy.until("last endpoints", async () => weightIn(await envoy.ask("/clusters"), "a") === 101);
    await load.more(10);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });
}

/** Each move has a route table and a cluster of its own. */
function onTable(
  { port, backendPort }: { readonly port: number; readonly backendPort: number },
  move: number,
): Part[] {
  const [table, target] = [`r${move}`, `c${move}`];
  return [
    listener("l", { port, table }),
    route(table, target),
    cluster(target),
    endpoints(target, backendPort),
  ];
}

async function listenersMade({ envoy }: EnvoyWorld): Promise<number> {
  const [added, modified] = await Promise.all([
    envoy.stat("listener_manager.listener_added"),
    envoy.stat("listener_manager.listener_modified"),
  ]);
  return added + modified;
}

interface TwoBackends {
  readonly invalidCluster?: boolean;
  readonly invalidEndpoints?: boolean;
  /** Of the endpoints of both clusters; shows in Envoy's admin page which ones it has. */
  readonly weight?: number;
}

/** `/a` and `/b` go to clusters of their own; of `b` a field may be invalid. */
function twoBackends(
  { port, backendPort }: { readonly port: number; readonly backendPort: number },
  { invalidCluster = false, invalidEndpoints = false, weight = 1 }: TwoBackends = {},
): Part[] {
  const to = (prefix: string, target: string) => ({ match: { prefix }, route: { cluster: target } });
  const routes = [to("/a", "a"), to("/b", "b")];
  const assigned = (name: string, priority: number): Part => {
    const address = { socketAddress: { address: "127.0.0.1", portValue: backendPort } };
    const lbEndpoints = [{ endpoint: { address }, loadBalancingWeight: { value: weight } }];
    return partOf("endpoint", name, { endpoints: [{ priority, lbEndpoints }] });
  };
  return [
    listener("l", { port, table: "r" }),
    partOf("route", "r", { virtualHosts: [{ name: "all", domains: ["*"], routes }] }),
    cluster("a"),
    cluster("b", { timeoutMs: invalidCluster ? 0 : 1_000 }),
    assigned("a", 0),
    // Envoy takes priorities up to 128.
    assigned("b", invalidEndpoints ? 129 : 0),
  ];
}

function rejectedClusters({ envoy }: EnvoyWorld): Promise<number> {
  return envoy.stat("cluster_manager.cds.update_rejected");
}

/** The weight of a cluster's endpoint in `/clusters`. */
function weightIn(clusters: string, name: string): number {
  return Number(new RegExp(`^${name}::127\\.0\\.0\\.1:\\d+::weight::(\\d+)$`, "m").exec(clusters)?.[1] ?? 0);
}

/** A listener on a route table that answers 204, or without one, answering 500. The table is always there. */
function tables(port: number, table: string | undefined): Part[] {
  return [listener("l", { port, ...(table === undefined ? {} : { table }) }), route("r1")];
}

/** `/keep` goes to a cluster that stays, `/gone` to the cluster of that move, or nowhere. */
function moved(port: number, backendPort: number, move: number | undefined): Part[] {
  const to = (prefix: string, target: string) => ({ match: { prefix }, route: { cluster: target } });
  const target = `c${move}`;
  const routes = [to("/keep", "keep"), ...(move === undefined ? [] : [to("/gone", target)])];
  return [
    listener("l", { port, table: "r" }),
    partOf("route", "r", { virtualHosts: [{ name: "all", domains: ["*"], routes }] }),
    cluster("keep"),
    endpoints("keep", backendPort),
    ...(move === undefined ? [] : [cluster(target), endpoints(target, backendPort)]),
  ];
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
