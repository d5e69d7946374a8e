/** The model of Envoy that simulations run against does not lie: real Envoys send the same requests. */
import { describe, test } from "node:test";
import { textOfRequest } from "../simulation/scenario.ts";
import { scenarios } from "../simulation/scenarios.ts";
import { variants } from "./edge/envoy-world.ts";
import { playEnvoy } from "./edge/play-envoy.ts";

describe("real", { concurrency: 12 }, () => {
  for (const scenario of scenarios) {
    for (const variant of variants.filter(({ protocol }) => scenario.protocols?.includes(protocol) ?? true)) {
      test(`${variant.name}: ${scenario.name}`, async (t) => {
        const trace = await playEnvoy(t, scenario, variant);
        for (const [move, requests] of trace.entries())
          t.diagnostic(`${move}: ${requests.map(textOfRequest).join("; ")}`);
      });
    }
  }
});
