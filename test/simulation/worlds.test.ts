/**
 * P4, P5, P6 and P9 in random worlds: edges made of `step`, proxies as the model has them, a virtual clock. A failure
 * says in its first line how to see it again: `SIMULATION_SEED=... SIMULATION_PATH=... node --test <this file>`, with
 * `--test-name-pattern` for its kind. SIMULATION_WORLDS is how many worlds of each kind are played.
 */
import { test } from "node:test";
import { again, kinds, worldsEach } from "./kinds.ts";
import { failureOf } from "./world/run-worlds.ts";
import { openStepStream } from "./world/server-stream.ts";

for (const protocol of ["sotw", "delta"] as const) {
  for (const { name, options } of kinds) {
    test(`P4, P5, P6: no promise is broken in worlds of ${name} (${protocol})`, () => {
      const failure = failureOf({ ...options, ...again, protocol, open: openStepStream, seeds: worldsEach });
      if (failure !== undefined) throw new Error(failure);
    });
  }
}
