/** The model of Envoy does not lie about what nobody thought of, either: servers that do anything. */
import { deepEqual } from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { playModel } from "../simulation/play-model.ts";
import { differences } from "../simulation/scenario.ts";
import { type Variant, variants } from "./edge/envoy-world.ts";
import { playEnvoy } from "./edge/play-envoy.ts";
import { randomScenario, textOfMoves } from "./edge/random-scenario.ts";

const seed = Number(process.env.SEED ?? 1);
const rounds = Number(process.env.ENVOY_ROUNDS ?? 2);

describe("the model and a real Envoy send the same to a server that does anything", {
  concurrency: 12,
}, () => {
  for (let round = 0; round < 4 * rounds; round++) {
    for (const variant of variants) {
      test(`SEED=${seed + round}, ${variant.name}`, (t) => compare(t, seed + round, variant));
    }
  }
});

async function compare(t: TestContext, chosen: number, variant: Variant): Promise<void> {
  const scenario = randomScenario(chosen, variant.protocol);
  const model = playModel(scenario, variant.protocol);
  const first = differences(model, await playEnvoy(t, scenario, variant));
  if (first.length === 0) return;
  t.diagnostic(`seed ${chosen}\n${textOfMoves(scenario)}`);
  deepEqual(differences(model, await playEnvoy(t, scenario, { ...variant, patience: 3 })), []);
}
