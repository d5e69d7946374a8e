/** The model of Envoy that simulations run against does not lie: real Envoys send the same requests. */
import { deepEqual } from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { playModel } from "../simulation/play-model.ts";
import { differences, type Scenario } from "../simulation/scenario.ts";
import { scenarios } from "../simulation/scenarios.ts";
import { type Variant, variants } from "./edge/envoy-world.ts";
import { playEnvoy } from "./edge/play-envoy.ts";

/** Each spends most of its time in waiting for what must not come. */
describe("the model and a real Envoy send the same", { concurrency: 12 }, () => {
  for (const scenario of scenarios) {
    for (const variant of variants) {
      if (scenario.protocols?.includes(variant.protocol) === false) continue;
      test(`${variant.name}: ${scenario.name}`, (t) => compare(t, scenario, variant));
    }
  }
});

/** What differs is played again with more patience: on a busy machine a request may come after its move's end. */
async function compare(t: TestContext, scenario: Scenario, variant: Variant): Promise<void> {
  const model = playModel(scenario, variant.protocol);
  const first = differences(model, await playEnvoy(t, scenario, variant));
  if (first.length === 0) return;
  deepEqual(differences(model, await playEnvoy(t, scenario, { ...variant, patience: 3 })), []);
}
