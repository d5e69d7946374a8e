import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { validateObject } from "./validate-object.ts";

const CASES: readonly { name: string; metadata: JsonObject; errors: readonly string[]; kind?: string }[] = [
  { name: "a DNS name", metadata: { name: "a.b-c.0" }, errors: [] },
  { name: "a name in capitals", metadata: { name: "Shop" }, errors: ["Invalid metadata.name"] },
  { name: "a name of 254", metadata: { name: "a".repeat(254) }, errors: ["Invalid metadata.name"] },
  { name: "a dot at the end", metadata: { name: "a." }, errors: ["Invalid metadata.name"] },
  { name: "only generateName", metadata: { generateName: "a-" }, errors: ["Required metadata.name"] },
  {
    name: "a namespace with a dot",
    metadata: { name: "a", namespace: "b.c" },
    errors: ["Invalid metadata.namespace"],
  },
  {
    name: "a namespace on a cluster-scoped kind",
    kind: "GatewayClass",
    metadata: { name: "a", namespace: "b" },
    errors: ["Forbidden metadata.namespace"],
  },
  {
    name: "labels",
    metadata: { name: "a", labels: { "example.com/a_b": "v.1", empty: "" } },
    errors: [],
  },
  {
    name: "bad labels",
    metadata: { name: "a", labels: { "-x": "v", "a/b/c": "v", long: "a".repeat(64), number: 1 } },
    errors: [
      "Invalid metadata.labels[-x]",
      "Invalid metadata.labels[a/b/c]",
      "Invalid metadata.labels.long",
      "TypeInvalid metadata.labels.number",
    ],
  },
  {
    name: "an annotation key in capitals",
    metadata: { name: "a", annotations: { "EXAMPLE.com/A": "" } },
    errors: [],
  },
  {
    name: "annotations of more than 256 KiB",
    metadata: { name: "a", annotations: { a: "é".repeat(128 * 1024) } },
    errors: ["TooLong metadata.annotations"],
  },
  { name: "an unknown field", metadata: { name: "a", label: {} }, errors: ["UnknownField metadata.label"] },
  {
    name: "all that a server writes",
    metadata: {
      name: "a",
      namespace: "b",
      uid: "6d3e",
      resourceVersion: "12",
      generation: 3,
      creationTimestamp: "2026-01-31T08:00:00Z",
      deletionTimestamp: null,
      deletionGracePeriodSeconds: 0,
      selfLink: "",
      finalizers: ["example.com/x"],
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "s", uid: "1", controller: true }],
      managedFields: [
        { manager: "kubectl", operation: "Apply", fieldsV1: { "f:spec": {} }, time: "2026-01-31T08:00:00Z" },
      ],
    },
    errors: [],
  },
  {
    name: "no date",
    metadata: { name: "a", creationTimestamp: "2026-02-30T08:00:00Z" },
    errors: ["TypeInvalid metadata.creationTimestamp"],
  },
];

for (const { name, metadata, errors, kind = "Backend" } of CASES) {
  test(`P7: metadata with ${name} gives ${errors.length === 0 ? "no error" : errors.join(", ")}`, () => {
    const object: JsonObject =
      kind === "Backend"
        ? { apiVersion: "gateway.envoyproxy.io/v1alpha1", kind, metadata, spec: {} }
        : { apiVersion: "gateway.networking.k8s.io/v1", kind, metadata, spec: { controllerName: "a.b/c" } };
    assert.deepEqual(
      validateObject(object).errors.map((error) => `${error.code} ${error.path}`),
      errors,
    );
  });
}
