import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { type JsonObject, revision } from "@routeledger/std";
import { completeObject } from "./complete-object.ts";
import type { ConfigObject } from "./config-state.ts";
import { configObject } from "./object-index.ts";

const route: JsonObject = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { name: "shop", namespace: "default" },
  spec: { hostnames: ["a.example"] },
};

const at = { existing: undefined, source: "cli", uid: "u-1", timeMs: Date.UTC(2026, 10, 21, 10, 0, 0, 900) };

function stored(input: JsonObject, source = "cli"): ConfigObject {
  const change = completeObject(input, { ...at, source });
  if (change === "unchanged" || change.type !== "applied") throw new Error("a new object is a change");
  return configObject(change, revision(1, 1));
}

function metadata(object: ConfigObject): JsonObject {
  return object.object.metadata as JsonObject;
}

test("a new object gets uid, generation 1 and the event's time in whole seconds", () => {
  const { uid, generation, creationTimestamp } = metadata(stored(route));
  deepEqual([uid, generation, creationTimestamp], ["u-1", 1, "2026-11-21T10:00:00Z"]);
});

test("a new object keeps the creationTimestamp that it brings, so that the older route stays the older one", () => {
  const brought = {
    ...route,
    metadata: { ...(route.metadata as JsonObject), creationTimestamp: "2020-01-01T00:00:00Z" },
  };
  equal(metadata(stored(brought)).creationTimestamp, "2020-01-01T00:00:00Z");
});

test("what the server writes is dropped: status, managedFields, resourceVersion, uid, the last-applied annotation", () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}" };
  const exported = {
    ...route,
    metadata: {
      ...(route.metadata as JsonObject),
      uid: "other",
      resourceVersion: "7",
      managedFields: [{}],
      annotations,
    },
    status: { parents: [] },
  };
  equal(stored(exported).json, stored(route).json);
});

test("an equal object is unchanged, in whatever order its fields come", () => {
  const { spec, ...rest } = route;
  equal(
    completeObject({ spec: spec as JsonObject, ...rest }, { ...at, existing: stored(route) }),
    "unchanged",
  );
});

test("G107: generation grows with spec only, uid and creationTimestamp stay", () => {
  const existing = stored(route);
  const relabelled = { ...route, metadata: { ...(route.metadata as JsonObject), labels: { a: "b" } } };
  const respecified = { ...route, spec: { hostnames: ["b.example"] } };
  const generations = [relabelled, respecified].map((input) => {
    const change = completeObject(input, { existing, source: "cli", uid: "u-2", timeMs: at.timeMs + 60_000 });
    if (change === "unchanged" || change.type !== "applied") throw new Error("a change is a change");
    const { generation, uid, creationTimestamp } = metadata(configObject(change, revision(1, 2)));
    return { generation, uid, creationTimestamp };
  });
  const same = { uid: "u-1", creationTimestamp: "2026-11-21T10:00:00Z" };
  deepEqual(generations, [
    { generation: 1, ...same },
    { generation: 2, ...same },
  ]);
});

test("a folder that holds an equal object takes it over, a command does not", () => {
  const fromCommand = stored(route);
  notEqual(completeObject(route, { ...at, existing: fromCommand, source: "folder/f1/a.yaml" }), "unchanged");
  equal(
    completeObject(route, { ...at, existing: stored(route, "folder/f1/a.yaml"), source: "cli" }),
    "unchanged",
  );
});
