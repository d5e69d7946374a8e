/** What a real Envoy rejects is sent once, and all else goes on. */
import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import { EnvoyWorld, variants } from "./edge/envoy-world.ts";
import { twoBackends, weightIn } from "./edge/sample-worlds.ts";

/** What does not differ between versions is asked of the newest one. */
for (const variant of variants.filter(({ version }) => version === defaultEnvoyVersion)) {
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
}

function rejectedClusters({ envoy }: EnvoyWorld): Promise<number> {
  return envoy.stat("cluster_manager.cds.update_rejected");
}
