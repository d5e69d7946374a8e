import { type JsonObject, utf8 } from "@routeledger/std";
import { isObject } from "./apply-defaults.ts";
import type { FieldErrors, FieldPath } from "./field-error.ts";
import type { Schema } from "./schema.ts";

/** All annotations of an object together, names and values, in bytes (apimachinery TotalAnnotationSizeLimitB). */
const ANNOTATION_BYTES_MAX = 256 * 1024;

const TIME: Schema = { type: "string", format: "date-time" };
const TEXT: Schema = { type: "string" };

const OWNER_REFERENCE: Schema = {
  type: "object",
  required: ["apiVersion", "kind", "name", "uid"],
  properties: {
    apiVersion: { type: "string", minLength: 1 },
    kind: { type: "string", minLength: 1 },
    name: { type: "string", minLength: 1 },
    uid: { type: "string", minLength: 1 },
    controller: { type: "boolean" },
    blockOwnerDeletion: { type: "boolean" },
  },
};

const MANAGED_FIELDS: Schema = {
  type: "object",
  properties: {
    apiVersion: TEXT,
    fieldsType: TEXT,
    fieldsV1: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    manager: TEXT,
    operation: TEXT,
    subresource: TEXT,
    time: TIME,
  },
};

/** How a kind's objects are named, and whether they live in a namespace. */
export interface Naming {
  readonly scope: "Namespaced" | "Cluster";
  /** A format of STRING_FORMATS. */
  readonly nameFormat: "dns-subdomain" | "dns-label";
  /** The core kinds have a stricter one. */
  readonly finalizerFormat: "qualified-name" | "core-finalizer";
}

/**
 * The schema of `metadata` (k8s.io/apimachinery ObjectMeta). Every field of it is known, also those that a
 * server sets, so that the output of `kubectl get -o yaml` is accepted.
 */
export function metadataSchema({ nameFormat, finalizerFormat }: Naming): Schema {
  return {
    type: "object",
    required: ["name"],
    properties: {
      name: { type: "string", format: nameFormat },
      generateName: TEXT,
      namespace: { type: "string", format: "dns-label", emptyIsAbsent: true },
      labels: {
        type: "object",
        propertyNames: { format: "qualified-name" },
        additionalProperties: { type: "string", default: "", format: "label-value" },
      },
      annotations: {
        type: "object",
        propertyNames: { format: "annotation-key" },
        additionalProperties: { type: "string", default: "" },
      },
      finalizers: { type: "array", items: { type: "string", format: finalizerFormat } },
      ownerReferences: { type: "array", items: OWNER_REFERENCE },
      managedFields: { type: "array", items: MANAGED_FIELDS },
      creationTimestamp: TIME,
      deletionTimestamp: TIME,
      deletionGracePeriodSeconds: { type: "integer", format: "int64" },
      generation: { type: "integer", format: "int64", minimum: 0 },
      resourceVersion: TEXT,
      selfLink: TEXT,
      uid: TEXT,
    },
  };
}

/** Adds what the schema of metadata cannot say: the scope, the annotations' size, one controlling owner. */
export function checkMetadata(metadata: JsonObject, naming: Naming, errors: FieldErrors): void {
  const path: FieldPath = { parent: undefined, segment: "metadata" };
  if (naming.scope === "Cluster" && metadata.namespace !== undefined) {
    errors.add(
      { parent: path, segment: "namespace" },
      {
        code: "Forbidden",
        expected: "no namespace: the kind is cluster-scoped",
        actual: JSON.stringify(metadata.namespace),
      },
    );
  }
  const bytes = annotationBytes(metadata);
  if (bytes > ANNOTATION_BYTES_MAX) {
    errors.add(
      { parent: path, segment: "annotations" },
      { code: "TooLong", expected: `at most ${ANNOTATION_BYTES_MAX} bytes together`, actual: String(bytes) },
    );
  }
  const owners = Array.isArray(metadata.ownerReferences) ? metadata.ownerReferences : [];
  if (owners.filter((owner) => isObject(owner) && owner.controller === true).length > 1) {
    errors.add(
      { parent: path, segment: "ownerReferences" },
      { code: "Invalid", expected: "at most one owner with controller: true" },
    );
  }
}

function annotationBytes(metadata: JsonObject): number {
  if (!isObject(metadata.annotations)) return 0;
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata.annotations)) bytes += utf8(`${name}${value}`).length;
  return bytes;
}
