/** How real Envoys begin behind an edge: what they wait for, what they share, what the edge does not serve. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import type { Bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { freePorts } from "../conformance/free-ports.ts";
import { cluster, endpoints, listener, route } from "../features/xds/sample-parts.ts";
import {
  edsCluster,
  httpListener,
  perTypeBootstrap,
  perTypeSource,
  routesTo,
  staticCluster,
} from "./edge/envoy-parts.ts";
import { EnvoyWorld, faultsOf, noFaults, type Ports, variants } from "./edge/envoy-world.ts";
import { moved } from "./edge/sample-worlds.ts";

/** What nothing may take that need not wait, milliseconds. */
const recoveryMaxMs = 1_000;

for (const variant of variants) {
  describe(`${variant.name} begins`, { concurrency: 4 }, () => {
    test("rules 18 and 33: an empty configuration is answered, and Envoy is ready within a second", async (t) => {
      const world = await EnvoyWorld.start(t, variant, () => [partOf("extensionConfig", "nobody-asks")]);
      ok(world.readyMs < recoveryMaxMs, `ready within ${recoveryMaxMs} ms, got ${world.readyMs}`);
      equal(await world.envoy.stat("cluster_manager.cds.update_success"), 1);
      equal(await world.envoy.stat("listener_manager.lds.update_success"), 1);
      deepEqual(await world.faults(), noFaults);
      t.diagnostic(`ready after ${world.readyMs.toFixed(0)} ms`);
    });

    test("rules 1 and 41: over the services of one type each a cluster changes 20 times, then traffic moves to another, and no request is lost", async (t) => {
      const source = perTypeSource(variant.protocol);
      const parts = (
        { port, backendPort }: Ports,
        { change, target = "a", names = ["a"] }: { change: number; target?: string; names?: string[] },
      ): Part[] => [
        httpListener("l", { port, table: "r", source }),
        routesTo("r", { "/": target }),
        ...names.map((name) => edsCluster(name, { source, timeoutMs: 1_000 + change })),
        ...names.map((name) => endpoints(name, backendPort)),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, { change: 0 }), {
        bootstrap: (made) => perTypeBootstrap(made, variant.protocol),
      });
      const { envoy } = world;
      const load = world.load();
      await load.more(10);
      let worstMs = 0;
      for (let change = 1; change <= 20; change++) {
        await world.publish(parts(world, { change }));
        const tookMs = await envoy.until(
          `warm cluster after change ${change}`,
          async () =>
            (await envoy.stat("cluster_manager.cluster_modified")) >= change && (await world.warming) === 0,
        );
        worstMs = Math.max(worstMs, tookMs);
      }
      // Between streams there is no order: who has one for each type adds first, then moves.
      await world.publish(parts(world, { change: 20, names: ["a", "b"] }));
      await world.untilHosts("b");
      await world.publish(parts(world, { change: 20, names: ["a", "b"], target: "b" }));
      await envoy.until("traffic to b", async () => (await envoy.stat("cluster.b.upstream_rq_200")) > 10);
      await world.publish(parts(world, { change: 20, names: ["b"], target: "b" }));
      await envoy.until("removal", async () => (await envoy.stat("cluster_manager.cluster_removed")) === 1);
      await load.more(10);
      ok(worstMs < recoveryMaxMs, `warm within ${recoveryMaxMs} ms, at worst ${worstMs}`);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      deepEqual(await world.faults(), noFaults);
      t.diagnostic(`at worst ${worstMs.toFixed(1)} ms, ${JSON.stringify(load.counts)}`);
    });

    test("rule 3: two Envoys of one node id do not disturb each other, nor when one goes and comes", async (t) => {
      const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports, 0));
      const load = world.load("/keep");
      await load.more(10);
      for (let move = 1; move <= 3; move++) {
        const other = await world.anotherEnvoy("envoy-1");
        equal(world.edge.proxies().length, 2);
        await world.publish(moved(world, move));
        for (const envoy of [world.envoy, other]) {
          await envoy.until(`cluster c${move}`, async () =>
            (await envoy.ask("/clusters")).includes(`\nc${move}::127.`),
          );
          deepEqual(await faultsOf(envoy), noFaults);
        }
        // Both listen on the port: the load of the one that goes must end before it does.
        await other.ask("/drain_listeners?graceful&skip_exit");
        await other.stop();
        await world.envoy.until("one stream", async () => world.edge.proxies().length === 1);
      }
      equal(await world.status("/keep"), "200");
      deepEqual(await world.faults(), noFaults);
    });

    test("rules 2 and 12: a type that the edge does not serve is not answered, and all others are", async (t) => {
      const withRuntime = (made: Bootstrap): Bootstrap => {
        const rtdsConfig = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0.3s" };
        const layer = {
          name: "served-by-nobody",
          rtds_layer: { name: "served-by-nobody", rtds_config: rtdsConfig },
        };
        const { layers } = Object(made.layered_runtime);
        return { ...made, layered_runtime: { layers: [...layers, layer] } };
      };
      const world = await EnvoyWorld.start(t, variant, (ports) => moved(ports, 0), {
        bootstrap: withRuntime,
      });
      const load = world.load("/keep");
      await load.more(10);
      await world.publish(moved(world, 1));
      await world.untilHosts("c1");
      equal(world.edge.proxies().length, 1);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      // The one that is not served.
      deepEqual(await world.faults(), { ...noFaults, timedOut: 1 });
    });

    test("rule 13: the last EDS cluster goes, the edge is replaced, and all goes on", async (t) => {
      const parts = ({ port, backendPort }: Ports, isEds: boolean): Part[] => [
        listener("l", { port, table: "r" }),
        route("r", isEds ? "a" : "static"),
        ...(isEds ? [cluster("a"), endpoints("a", backendPort)] : []),
        staticCluster("static", backendPort),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, true));
      const { envoy } = world;
      const load = world.load();
      await load.more(10);
      await world.publish(parts(world, false));
      await envoy.until("removal", async () => (await envoy.stat("cluster_manager.cluster_removed")) === 1);
      await world.stopEdge();
      await world.startEdge();
      await envoy.until("stream", async () => world.edge.proxies().length === 1);
      await world.publish(parts(world, true));
      await world.untilHosts("a");
      await load.more(10);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      ok(!envoy.log.includes("unwatched"), `no answer to what nobody asked for, got ${envoy.log}`);
      deepEqual(await world.faults(), noFaults);
    });

    test("rules 15 and 40: a static cluster of Envoy's own shares its endpoints with a dynamic one, whichever changes", async (t) => {
      const parts = ({ port, backendPort }: Ports, change: number): Part[] => [
        listener("l", { port, table: "r" }),
        routesTo("r", { "/own": "own", "/": "dynamic" }),
        edsCluster("dynamic", { serviceName: "shared", timeoutMs: 1_000 + change }),
        endpoints("shared", backendPort),
        // Nobody asks for these.
        endpoints("extra", backendPort),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0), {
        bootstrap: withOwnCluster,
      });
      const { envoy } = world;
      const [own, dynamic] = [world.load("/own"), world.load("/dynamic")];
      await Promise.all([own.more(5), dynamic.more(5)]);
      for (let change = 1; change <= 5; change++) {
        await world.publish(parts(world, change));
        await envoy.until(`change ${change}`, async () => {
          const modified = await envoy.stat("cluster_manager.cluster_modified");
          return modified >= change && (await world.warming) === 0;
        });
      }
      await world.stopEdge();
      await world.startEdge();
      await envoy.until("stream", async () => world.edge.proxies().length === 1);
      await world.publish(parts(world, 6));
      await envoy.until("change 6", async () => (await envoy.stat("cluster_manager.cluster_modified")) >= 6);
      await Promise.all([own.more(5), dynamic.more(5)]);
      ok(own.hasOnly("200") && dynamic.hasOnly("200"), JSON.stringify([own.counts, dynamic.counts]));
      await envoy.until("warm clusters", async () => (await world.warming) === 0);
      deepEqual(await world.faults(), noFaults);
    });

    test("rule 20: two listeners with a table each are served at the start, and a third one whose table nobody asked for", async (t) => {
      const [thirdPort = 0] = await freePorts(1);
      const parts = ({ port, otherPort }: Ports, hasThird: boolean): Part[] => [
        listener("l1", { port, table: "r1" }),
        listener("l2", { port: otherPort, table: "r2" }),
        ...(hasThird ? [listener("l3", { port: thirdPort, table: "r3" })] : []),
        ...["r1", "r2", "r3"].map((name) => route(name)),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, false));
      deepEqual([await world.status("/"), await world.status("/", world.otherPort)], ["204", "204"]);
      await world.publish(parts(world, true));
      const start = performance.now();
      await world.envoy.until("third listener", async () => (await world.status("/", thirdPort)) === "204");
      ok(performance.now() - start < recoveryMaxMs, `served within ${recoveryMaxMs} ms`);
      equal(await world.envoy.stat("listener_manager.total_listeners_warming"), 0);
      deepEqual(await world.faults(), noFaults);
    });
  });
}

/** An EDS cluster that is in Envoy's bootstrap. */
function withOwnCluster(made: Bootstrap): Bootstrap {
  const own = {
    name: "own",
    type: "EDS",
    connect_timeout: "1s",
    eds_cluster_config: { service_name: "shared", eds_config: { ads: {}, resource_api_version: "V3" } },
  };
  const { clusters } = Object(made.static_resources);
  return { ...made, static_resources: { clusters: [...clusters, own] } };
}
