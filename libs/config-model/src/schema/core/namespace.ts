import type { JsonObject } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import type { CodedKind } from "../kind-info.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";

/** Namespace v1. Gets the label with its own name that an API server sets on every namespace (rule G4). */
export const namespace: CodedKind = {
  group: "",
  kind: "Namespace",
  versions: ["v1"],
  storageVersion: "v1",
  scope: "Cluster",
  plural: "namespaces",
  singular: "namespace",
  shortNames: ["ns"],
  nameFormat: "dns-label",
  schema: {
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: { finalizers: { type: "array", items: { type: "string", format: "core-finalizer" } } },
      },
    },
  },
  complete: withNameLabel,
};

function withNameLabel(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isObject(metadata) || typeof metadata.name !== "string") return object;
  const labels = metadata.labels ?? {};
  if (!isObject(labels)) return object;
  return { ...object, metadata: { ...metadata, labels: { ...labels, [NAME_LABEL]: metadata.name } } };
}
