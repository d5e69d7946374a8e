/**
 * Random Gateways, ListenerSets, HTTPRoutes and GRPCRoutes on real Envoys, and random requests: each is answered as an
 * oracle says that was written from the specification alone, and Envoy rejects nothing, ever. A failure names the
 * smallest states that show it, and says in its first line how to see it again. ROUTINGS is how many histories of two
 * states are played on each Envoy.
 */
import { test } from "node:test";
import { failureOf, routingVariants } from "./random-routing/play-routings.ts";
import { RoutingWorld } from "./random-routing/routing-world.ts";

for (const { variant, routings, seed } of routingVariants) {
  test(`P3, P7, G1 to G116: Envoy ${variant.version}, ${variant.protocol}, routes as the specification says`, async (t) => {
    const world = await RoutingWorld.start(t, variant);
    const failure = await failureOf(world, { routings, seed });
    const answers = [...world.answers]
      .sort(([, a], [, b]) => b - a)
      .map(([kind, count]) => `${kind}: ${count}`);
    t.diagnostic(`${routings} histories of two states; answers: ${answers.join(", ")}`);
    if (failure !== undefined) throw new Error(failure);
  });
}
