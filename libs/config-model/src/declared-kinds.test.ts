import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, type JsonValue, revision } from "@routeledger/std";
import { type ConfigState, emptyConfigState } from "./config-state.ts";
import { declaredIn, declaredKinds } from "./declared-kinds.ts";
import { evolve } from "./evolve.ts";

const rose = { group: "example.com", version: "v1", kind: "Rose" };
const tulip = { group: "example.com", version: "v2", kind: "Tulip" };

test("all that the Extensions of a state declare is listed by group, kind, Extension and list", () => {
  const state = stateOf(
    extension("b", { backendResources: [rose], resources: [tulip, rose] }),
    extension("a", { policyResources: [{ ...rose, group: "a.example" }], resources: [rose] }),
  );
  deepEqual(
    declaredKinds(state).map(({ group, kind, extension: name, list }) => `${group} ${kind} ${name} ${list}`),
    [
      "a.example Rose a policyResources",
      "example.com Rose a resources",
      "example.com Rose b backendResources",
      "example.com Rose b resources",
      "example.com Tulip b resources",
    ],
  );
});

test("what an older schema let in and is no kind is left out", () => {
  const spec = {
    resources: [rose, { group: "example.com", kind: "Rose" }, "Rose", null],
    policyResources: 7,
  };
  deepEqual(declaredIn(extension("a", spec)), [{ ...rose, extension: "a", list: "resources" }]);
  deepEqual(declaredIn({ metadata: null, spec: [] }), []);
});

function extension(name: string, spec: Record<string, JsonValue>): JsonObject {
  return { apiVersion: "routeledger.dev/v1alpha1", kind: "Extension", metadata: { name }, spec };
}

function stateOf(...objects: readonly JsonObject[]): ConfigState {
  const changes = objects.map((object) => ({
    ...{ type: "applied" as const, group: "routeledger.dev", version: "v1alpha1", kind: "Extension" },
    ...{ namespace: "", name: String((object.metadata as JsonObject).name), source: "cli" },
    json: JSON.stringify(object),
  }));
  const fact = { type: "changeSet" as const, changes };
  return evolve(emptyConfigState, { revision: revision(1, 1), timeMs: 0, term: 0, fact });
}
