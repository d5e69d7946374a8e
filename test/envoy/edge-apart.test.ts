/** Clusters over a service of their own, all else over ADS: the streams of a proxy know of each other (rule 41). */
import { deepEqual, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import { packAny } from "@routeledger/protos";
import type { Bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";
import { endpoints } from "../features/xds/sample-parts.ts";
import { startDualBackend } from "./edge/dual-backend.ts";
import { edsCluster, httpListener, routesTo } from "./edge/envoy-parts.ts";
import { EnvoyWorld, noFaults, type Ports, variants } from "./edge/envoy-world.ts";

/** What nothing may take that need not wait, milliseconds. */
const recoveryMaxMs = 1_000;
const changes = 20;
const plainTls = {
  name: "envoy.transport_sockets.tls",
  typedConfig: packAny("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {}),
};

/** Clusters from their own service instead of over ADS. */
function withClustersApart(made: Bootstrap): Bootstrap {
  const { ads_config: ads, ...rest } = Object(made.dynamic_resources);
  const cds = { resource_api_version: "V3", initial_fetch_timeout: "15s", api_config_source: ads };
  return { ...made, dynamic_resources: { ...rest, ads_config: ads, cds_config: cds } };
}

for (const variant of variants) {
  describe(`${variant.name}, clusters apart`, () => {
    test(`rules 39 and 41: TLS goes on and off ${changes} times under load, and no request is lost`, async (t) => {
      const backend = await startDualBackend(t);
      const parts = ({ port }: Ports, change: number): Part[] => [
        httpListener("l", { port, table: "r" }),
        routesTo("r", { "/": "a" }),
        edsCluster("a", { more: change % 2 === 0 ? {} : { transportSocket: plainTls } }),
        endpoints("a", backend.port),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0), {
        bootstrap: withClustersApart,
      });
      const { envoy } = world;
      const load = world.load();
      await load.more(10);
      let worstMs = 0;
      for (let change = 1; change <= changes; change++) {
        await world.publish(parts(world, change));
        const tookMs = await envoy.until(
          `warm cluster after change ${change}`,
          async () =>
            (await envoy.stat("cluster_manager.cluster_modified")) >= change && (await world.warming) === 0,
        );
        worstMs = Math.max(worstMs, tookMs);
        await load.more(2);
      }
      ok(worstMs < recoveryMaxMs, `warm within ${recoveryMaxMs} ms, at worst ${worstMs}`);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      deepEqual(await world.faults(), noFaults);
      t.diagnostic(`at worst ${worstMs.toFixed(1)} ms`);
    });
  });
}
