import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { gatewayClass } from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const key = "GatewayClass//routeledger";

test("rule G103: the served features are sorted by name, each once", () => {
  const { supportedFeatures } = Translated.of(gatewayClass).status(key);
  const names = (supportedFeatures as JsonObject[]).map(({ name }) => String(name));
  ok(names.includes("HTTPRoute"));
  deepEqual(names, [...new Set(names)].sort());
});

test("rule G103: a class with parameters, which nobody reads, is not accepted", () => {
  const spec = {
    ...(gatewayClass.spec as JsonObject),
    parametersRef: { group: "x.io", kind: "X", name: "x" },
  };
  const [accepted] = Translated.of({ ...gatewayClass, spec }).entries(key, "conditions");
  deepEqual([accepted?.status, accepted?.reason], ["False", "InvalidParameters"]);
});

test("rule G107: conditions carry the generation of their object", () => {
  const [accepted] = Translated.of(gatewayClass).entries(key, "conditions");
  equal(accepted?.observedGeneration, 1);
});
