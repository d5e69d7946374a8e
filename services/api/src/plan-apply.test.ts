import assert from "node:assert/strict";
import { test } from "node:test";
import { type ConfigState, emptyConfigState, evolve } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { checkObject } from "./check-object.ts";
import { type Plan, planApply } from "./plan-apply.ts";

test("P7: a rule about a change refuses on the state that the change meets, and the former version stays", () => {
  const first = apply(emptyConfigState, gatewayClass("a.example/b"));
  assert.equal(first.plan.results[0]?.outcome, "created");
  const { plan, state } = apply(first.state, gatewayClass("a.example/c"));
  assert.deepEqual(plan.changes, []);
  assert.equal(plan.results[0]?.outcome, "refused");
  assert.deepEqual(plan.results[0]?.errors, [
    {
      file: "a.yaml",
      document: 1,
      field: "spec.controllerName",
      expected: "Value is immutable",
      message: "Value is immutable",
      line: 7,
    },
  ]);
  assert.equal(apply(state, gatewayClass("a.example/b")).plan.results[0]?.outcome, "unchanged");
});

function gatewayClass(controllerName: string): JsonObject {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { name: "a" },
    spec: { controllerName },
  };
}

function apply(state: ConfigState, object: JsonObject): { plan: Plan; state: ConfigState } {
  const input = { object, file: "a.yaml", document: 1, prefix: "", lineOf: () => 7 };
  const checked = checkObject(input, { namespace: "default", keyring: undefined });
  const plan = planApply([checked], {
    ...{ state, namespace: "default", source: () => "cli", timeMs: 0, newUid: () => "u" },
  });
  const revision = { epoch: 1, sequence: state.revision.sequence + 1 };
  const fact = { type: "changeSet" as const, changes: [...plan.changes] };
  return { plan, state: evolve(state, { revision, timeMs: 0, term: 0, fact }) };
}
