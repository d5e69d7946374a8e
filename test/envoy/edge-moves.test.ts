/** Traffic moves between clusters, tables and listeners of a real Envoy, and no request is lost. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import type { Part } from "@routeledger/xds-model";
import { cluster, endpoints, listener, route } from "../features/xds/sample-parts.ts";
import { EnvoyWorld, noFaults, type Ports, variants } from "./edge/envoy-world.ts";
import { moved } from "./edge/sample-worlds.ts";

for (const variant of variants) {
  test(`rules 47 and 49, ${variant.name}: routes move to new clusters and clusters go, and no request is lost`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports, 0));
    const { envoy } = world;
    const [kept, gone] = [world.load("/keep"), world.load("/gone")];
    await kept.more(10);
    await gone.more(10);
    for (let move = 1; move <= 20; move++) {
      await world.publish(moved(world, move));
      await envoy.until(
        `cluster c${move}`,
        async () => (await envoy.stat("cluster_manager.cluster_added")) > move,
      );
      await gone.more(3);
    }
    ok(gone.hasOnly("200"), `only 200 while it moves, got ${JSON.stringify(gone.counts)}`);
    await world.publish(moved(world, undefined));
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
  test(`rule 26, ${variant.name}: a listener goes and another one on the same table comes in one commit, and the table is served`, async (t) => {
    const parts = ({ port, otherPort, backendPort }: Ports, turn: number): Part[] => [
      listener("kept", { port, table: "kept" }),
      route("kept", "a"),
      // Another name on another port, the same table.
      listener(`l${turn % 2}`, { port: turn % 2 === 0 ? otherPort : 0, table: "r" }),
      route("r", "a"),
      cluster("a"),
      endpoints("a", backendPort),
    ];
    const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
    const { envoy } = world;
    const load = world.load();
    await load.more(10);
    for (let turn = 1; turn <= 6; turn++) {
      await world.publish(parts(world, turn));
      await envoy.until(`listener of turn ${turn}`, async () => (await listenersMade(world)) >= 2 + turn);
      equal(await envoy.stat("listener_manager.total_listeners_warming"), 0);
      if (turn % 2 === 0) {
        await envoy.until("an answer", async () => (await world.status("/", world.otherPort)) === "200");
      }
    }
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });

  test(`rule 50, ${variant.name}: a backend that goes and comes back within the grace is never removed, and no request is lost`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports, 0));
    const { envoy } = world;
    const [kept, flapping] = [world.load("/keep"), world.load("/gone")];
    await flapping.more(10);
    for (let flap = 0; flap < 10; flap++) {
      await world.publish(moved(world, undefined));
      await flapping.more(3, "404");
      await world.publish(moved(world, 0));
      await flapping.more(3);
    }
    equal(await envoy.stat("cluster_manager.cluster_removed"), 0);
    ok(kept.hasOnly("200"), `only 200, got ${JSON.stringify(kept.counts)}`);
    ok(flapping.hasOnly("200", "404"), `only 200 and 404, got ${JSON.stringify(flapping.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });

  test(`rule 51, ${variant.name}: commits come faster than Envoy acknowledges them, each moves a route to a new cluster, and no request is lost`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports, 0));
    const { envoy } = world;
    const load = world.load("/gone");
    await load.more(10);
    for (let burst = 0; burst < 10; burst++) {
      for (let move = 1; move <= 5; move++) await world.publish(moved(world, 5 * burst + move));
      await load.more(5);
    }
    await envoy.until(
      "traffic to the last one",
      async () => (await envoy.stat("cluster.c50.upstream_rq_200")) > 0,
    );
    const clusters = async (): Promise<number> => envoy.stat("cluster_manager.active_clusters");
    // The one that reaches the edge, the one that stays, the last one.
    await envoy.until("removal of all others", async () => (await clusters()) === 3);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });

  test(`rule 31, ${variant.name}: what left while no edge was there is removed, and no request is lost`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports, 0));
    const { envoy } = world;
    const [kept, gone] = [world.load("/keep"), world.load("/gone")];
    await kept.more(10);
    await gone.more(10);
    await world.stopEdge();
    await world.publish(moved(world, undefined));
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
    const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports, 0));
    const { envoy } = world;
    const kept = world.load("/keep");
    await kept.more(10);
    await world.stopEdge();
    await world.publish(moved(world, undefined));
    // Each publication is a second later: the grace is over before the last one.
    for (let later = 1; later <= 3; later++) {
      await world.publish([...moved(world, undefined), route(`later-${later}`)]);
    }
    await world.startEdge();
    const left = async (): Promise<number> => envoy.stat("cluster_manager.cluster_removed");
    await envoy.until("removal of what left", async () => (await left()) === 1);
    await kept.more(10);
    ok(kept.hasOnly("200"), `only 200, got ${JSON.stringify(kept.counts)}`);
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

async function draining({ envoy }: EnvoyWorld): Promise<number> {
  const [listeners, chains] = await Promise.all([
    envoy.stat("listener_manager.total_listeners_draining"),
    envoy.stat("listener_manager.total_filter_chains_draining"),
  ]);
  return listeners + chains;
}
