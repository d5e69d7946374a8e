/** Small defects that are planted around `step`: the worlds must see each, where `step` itself does well. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "./kinds.ts";
import { mutants } from "./world/mutants.ts";
import { caught } from "./world/run-worlds.ts";
import { openStepStream } from "./world/server-stream.ts";

/** Of one seed, so that what is caught stays caught. */
const seed = 20_261_121;
const worldsMost = 400;

for (const { name, protocols, open, world } of mutants) {
  for (const protocol of protocols) {
    test(`the worlds catch that ${name} (${protocol})`, () => {
      const options = { ...plain, withRejected: world === "rejected", withLongLag: world === "lag" };
      const found = caught({ ...options, protocol, open, seeds: worldsMost, seed }, openStepStream);
      assert.ok(found !== undefined, `not caught in ${worldsMost} worlds`);
      assert.match(found.why, /^P[456]|is sent|no rest|closed/);
    });
  }
}
