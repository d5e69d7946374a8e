/** Endpoints of real Envoys: churn, none, late, gone. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { cluster, endpoints, listener, route } from "../features/xds/sample-parts.ts";
import { routesTo, staticCluster } from "./edge/envoy-parts.ts";
import { EnvoyWorld, noFaults, type Ports, variants } from "./edge/envoy-world.ts";
import { twoBackends, weighed, weightIn } from "./edge/sample-worlds.ts";

/** What nothing may take that need not wait, milliseconds. */
const recoveryMaxMs = 1_000;

for (const variant of variants) {
  describe(`${variant.name}, endpoints`, { concurrency: 4 }, () => {
    test("rules 19 and 28: a new cluster warms at once while endpoints churn", async (t) => {
      const world = await EnvoyWorld.start(t, variant, (ports) => twoBackends(ports));
      const { envoy } = world;
      const load = world.load("/a");
      await load.more(10);
      for (let change = 1; change <= 100; change++) {
        const added = change >= 50 ? [cluster("new"), endpoints("new", world.backendPort)] : [];
        await world.publish([...twoBackends(world, { weight: change + 1 }), ...added]);
      }
      await world.untilHosts("new");
      await envoy.until("last endpoints", async () => weightIn(await envoy.ask("/clusters"), "a") === 101);
      await load.more(10);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      deepEqual(await world.faults(), noFaults);
    });

    test("rule 9: what is published again unchanged, in any order, updates nothing", async (t) => {
      const world = await EnvoyWorld.start(t, variant, (ports) => twoBackends(ports));
      const { envoy } = world;
      await envoy.until("listener", async () => (await world.status("/a")) === "200");
      const before = await updates(world);
      for (let round = 0; round < 20; round++) {
        const parts = twoBackends(world);
        await world.publish(round % 2 === 0 ? parts : parts.toReversed());
      }
      // A change of one kind comes after all of that.
      await world.publish(twoBackends(world, { weight: 7 }));
      await envoy.until("last endpoints", async () => weightIn(await envoy.ask("/clusters"), "b") === 7);
      deepEqual(await updates(world), before);
    });

    test("rule 11: the last EDS cluster goes in a storm of endpoints, and nothing comes that is not watched", async (t) => {
      const parts = ({ port, backendPort }: Ports, change: number): Part[] => [
        listener("l", { port, table: "r" }),
        route("r", change < 60 ? "a" : "static"),
        staticCluster("static", backendPort),
        ...(change < 60 ? [cluster("a")] : []),
        weighed("a", backendPort, { weight: change + 1 }),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
      const { envoy } = world;
      const load = world.load();
      await load.more(10);
      for (let change = 1; change <= 120; change++) await world.publish(parts(world, change));
      await envoy.until("removal", async () => (await envoy.stat("cluster_manager.cluster_removed")) === 1);
      await world.publish([...parts(world, 121), cluster("later"), endpoints("later", world.backendPort)]);
      await world.untilHosts("later");
      await load.more(10);
      ok(!envoy.log.includes("unwatched"), `no warning of Envoy's, got ${envoy.log}`);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      deepEqual(await world.faults(), noFaults);
    });

    test("rule 14: a route whose cluster does not exist yet, a cluster whose endpoints do not: all is served when it comes", async (t) => {
      const steps = ({ port, backendPort }: Ports): Part[] => [
        listener("l", { port, table: "r" }),
        routesTo("r", { "/late": "late", "/": "a" }),
        cluster("a"),
        endpoints("a", backendPort),
        cluster("late"),
        endpoints("late", backendPort),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => steps(ports).slice(0, 4));
      const load = world.load();
      await load.more(10);
      equal(await world.status("/late"), "503");
      await world.publish(steps(world).slice(0, 5));
      const added = (): Promise<number> => world.envoy.stat("cluster_manager.cluster_added");
      await world.envoy.until("the cluster", async () => (await added()) === 3);
      equal(await world.status("/late"), "503");
      await world.publish(steps(world));
      const start = performance.now();
      await world.envoy.until("an answer", async () => (await world.status("/late")) === "200");
      ok(performance.now() - start < recoveryMaxMs, `within ${recoveryMaxMs} ms`);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    });

    test("rule 16: one of 100 clusters changes ten times, and none of the others is touched", async (t) => {
      const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
      const parts = ({ port, backendPort }: Ports, change: number): Part[] => [
        listener("l", { port, table: "r" }),
        route("r", "c0"),
        ...names.map((name) => cluster(name, { timeoutMs: name === "c7" ? 1_000 + change : 1_000 })),
        ...names.map((name) => endpoints(name, backendPort)),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
      const { envoy } = world;
      const load = world.load();
      await load.more(10);
      for (let change = 1; change <= 10; change++) {
        await world.publish(parts(world, change));
        await envoy.until(
          `change ${change}`,
          async () => (await envoy.stat("cluster_manager.cluster_modified")) === change,
        );
      }
      equal(await envoy.stat("cluster_manager.cluster_removed"), 0);
      // The one that reaches the edge is Envoy's own.
      equal(await envoy.stat("cluster_manager.cluster_added"), 101);
      await envoy.until("no warming cluster", async () => (await world.warming) === 0);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      deepEqual(await world.faults(), noFaults);
    });

    test("rules 35 and 42: a service without endpoints answers 503 at once, at its start and when the last one goes", async (t) => {
      const parts = ({ port, backendPort }: Ports, ports: number, names: readonly string[]): Part[] => [
        listener("l", { port, table: "r" }),
        routesTo("r", Object.fromEntries(names.map((name) => [`/${name}`, name]))),
        ...names.map((name) => cluster(name)),
        ...names.map((name) => endpoints(name, ...Array.from({ length: ports }, () => backendPort))),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 1, ["a"]));
      const { envoy } = world;
      equal(await world.status("/a"), "200");
      await world.publish(parts(world, 0, ["a"]));
      await envoy.until("no hosts", async () => (await envoy.stat("cluster.a.membership_total")) === 0);
      const start = performance.now();
      equal(await world.status("/a"), "503");
      ok(performance.now() - start < recoveryMaxMs, "at once");
      ok((await envoy.stat("cluster.a.upstream_cx_none_healthy")) > 0, "no healthy host, as Envoy counts");
      await world.publish(parts(world, 0, ["a", "new"]));
      await envoy.until("no healthy host of the new one", async () => {
        const status = await world.status("/new");
        ok(["404", "503"].includes(status), `no route yet, or no host, got ${status}`);
        return (await envoy.stat("cluster.new.upstream_cx_none_healthy")) > 0;
      });
      await world.publish(parts(world, 1, ["a", "new"]));
      await world.untilHosts("new");
      await world.untilHosts("a");
      deepEqual([await world.status("/a"), await world.status("/new")], ["200", "200"]);
      deepEqual(await world.faults(), noFaults);
    });
  });
}

/** How often clusters, listeners and route tables were updated. */
async function updates({ envoy }: EnvoyWorld): Promise<number[]> {
  return Promise.all(
    [
      "cluster_manager.cds.update_success",
      "listener_manager.lds.update_success",
      "http.l.rds.r.update_success",
    ].map((name) => envoy.stat(name)),
  );
}
