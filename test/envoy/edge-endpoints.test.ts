/** Endpoints of real Envoys: churn, none, late, gone. */
import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import { cluster, endpoints } from "../features/xds/sample-parts.ts";
import { EnvoyWorld, noFaults, variants } from "./edge/envoy-world.ts";
import { twoBackends, weightIn } from "./edge/sample-worlds.ts";

/** What does not differ between versions is asked of the newest one. */
for (const variant of variants.filter(({ version }) => version === defaultEnvoyVersion)) {
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
