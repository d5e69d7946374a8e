import type { CodedKind } from "../kind-info.ts";
import type { Schema } from "../schema.ts";
import { checkExtension } from "./check-extension.ts";

/** Of one list of kinds, items. */
const KINDS_MAX = 64;

const FLAG: Schema = { type: "boolean" };
const PORT: Schema = { type: "integer", format: "int32", minimum: 1, maximum: 65535 };

const KINDS: Schema = {
  type: "array",
  maxItems: KINDS_MAX,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["group", "kind"],
  items: {
    type: "object",
    required: ["group", "version", "kind"],
    properties: {
      group: {
        type: "string",
        maxLength: 253,
        pattern: "^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
      },
      version: { type: "string", format: "dns-label" },
      kind: { type: "string", maxLength: 63, pattern: "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$" },
    },
  },
};

const INCLUDED: Schema = { type: "object", properties: { includeAll: FLAG } };

const HOOKS: Schema = {
  type: "object",
  required: ["xdsTranslator"],
  properties: {
    xdsTranslator: {
      type: "object",
      required: ["post"],
      properties: {
        post: {
          type: "array",
          minItems: 1,
          "x-kubernetes-list-type": "set",
          items: {
            type: "string",
            enum: ["Route", "VirtualHost", "HTTPListener", "Cluster", "Endpoints", "Translation"],
          },
        },
        translation: {
          type: "object",
          properties: { listener: INCLUDED, route: INCLUDED, cluster: INCLUDED, secret: INCLUDED },
        },
      },
    },
  },
};

/** An Extension has no namespace that could be meant, so the reference says it. */
const SECRET_REFERENCE: Schema = {
  type: "object",
  required: ["name", "namespace"],
  properties: {
    group: { type: "string", enum: [""], default: "" },
    kind: { type: "string", enum: ["Secret"], default: "Secret" },
    name: { type: "string", format: "dns-subdomain" },
    namespace: { type: "string", format: "dns-label" },
  },
};

/** Durations are for `checkExtension`, which knows their bounds. */
const RETRY: Schema = {
  type: "object",
  properties: {
    maxAttempts: { type: "integer", format: "int32", minimum: 1, maximum: 5, default: 4 },
    initialBackoff: { type: "string", default: "100ms" },
    maxBackoff: { type: "string", default: "1s" },
    backoffMultiplier: {
      type: "object",
      required: ["numerator"],
      properties: {
        numerator: { type: "integer", format: "int32", minimum: 1 },
        denominator: { type: "integer", format: "int32", minimum: 1, default: 100 },
      },
      default: { numerator: 200, denominator: 100 },
    },
    RetryableStatusCodes: {
      type: "array",
      minItems: 1,
      "x-kubernetes-list-type": "set",
      items: {
        type: "string",
        enum: [
          ...["CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"],
          ...["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE"],
          ...["UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"],
        ],
      },
      default: ["UNAVAILABLE"],
    },
  },
};

const SERVICE: Schema = {
  type: "object",
  properties: {
    fqdn: {
      type: "object",
      required: ["hostname", "port"],
      properties: {
        hostname: {
          type: "string",
          minLength: 1,
          maxLength: 253,
          pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\.?$",
        },
        port: PORT,
      },
    },
    ip: {
      type: "object",
      required: ["address", "port"],
      properties: { address: { type: "string", maxLength: 45 }, port: PORT },
    },
    unix: {
      type: "object",
      required: ["path"],
      properties: { path: { type: "string", maxLength: 108, pattern: "^/" } },
    },
    hostname: {
      type: "string",
      minLength: 1,
      maxLength: 253,
      pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    },
    tls: {
      type: "object",
      required: ["certificateRef"],
      properties: { certificateRef: SECRET_REFERENCE, clientCertificateRef: SECRET_REFERENCE },
    },
    retry: RETRY,
  },
};

/**
 * Extension v1alpha1: a server that is asked about what is translated. The fields are those of Envoy Gateway's
 * extensionManager, and ours: failureMode, deadline and order.
 */
export const extension: CodedKind = {
  group: "routeledger.dev",
  kind: "Extension",
  versions: ["v1alpha1"],
  storageVersion: "v1alpha1",
  scope: "Cluster",
  plural: "extensions",
  singular: "extension",
  shortNames: ["ext"],
  nameFormat: "dns-subdomain",
  schema: {
    type: "object",
    required: ["spec"],
    properties: {
      spec: {
        type: "object",
        required: ["hooks", "service"],
        properties: {
          resources: KINDS,
          policyResources: KINDS,
          backendResources: KINDS,
          hooks: HOOKS,
          service: SERVICE,
          // What neither says is keepLast: a default here would contradict a failOpen that is true.
          failureMode: { type: "string", enum: ["keepLast", "failClosed", "failOpen"] },
          failOpen: FLAG,
          maxMessageSize: { "x-kubernetes-int-or-string": true, default: "4Mi" },
          deadline: { type: "string", default: "2s" },
          order: { type: "integer", format: "int32", default: 0 },
        },
      },
    },
  },
  check: checkExtension,
};
