/**
 * Manifests of the official suite's Go module through the whole of Routeledger, with an Envoy and an address for each
 * Gateway, and the answers that Gateway API asks for. `make conformance` plays the suite's own cases, all of them.
 */
import { deepEqual } from "node:assert/strict";
import { after, test } from "node:test";
import { goModuleFolder, goModules } from "../../scripts/go-module.ts";
import { moduleCases } from "../conformance/module-cases.ts";
import { OfficialSuite } from "../conformance/official-suite.ts";

const suite = await OfficialSuite.start(
  {
    folder: await goModuleFolder(goModules.conformance),
    baseManifest: "base/manifests.yaml",
    cases: moduleCases,
  },
  "delta",
);
after(() => suite.stop());

for (const one of moduleCases) test(one.name, () => suite.play(one));

test("rule G111: no proxy rejected anything of all that", async () => {
  deepEqual(await suite.system.rejections(), []);
});
