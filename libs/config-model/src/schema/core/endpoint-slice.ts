import type { JsonObject, JsonValue } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import { displayValue, type FieldErrors, type FieldPath } from "../field-error.ts";
import { STRING_FORMATS } from "../formats.ts";
import { canonicalIpv6, isMappedIpv4, parseIpv4, parseIpv6, specialAddress } from "../ip-address.ts";
import type { CodedKind } from "../kind-info.ts";
import type { Schema } from "../schema.ts";
import { checkFixed } from "./check-change.ts";

const TEXT: Schema = { type: "string" };

const OBJECT_REFERENCE: Schema = {
  type: "object",
  properties: {
    apiVersion: TEXT,
    fieldPath: TEXT,
    kind: TEXT,
    name: TEXT,
    namespace: TEXT,
    resourceVersion: TEXT,
    uid: TEXT,
  },
};

const PORT: Schema = {
  type: "object",
  properties: {
    name: { type: "string", default: "" },
    protocol: { type: "string", enum: ["SCTP", "TCP", "UDP"], default: "TCP" },
    // A server takes any; what no port is, no proxy is sent.
    port: { type: "integer", format: "int32" },
    appProtocol: { type: "string", format: "qualified-name" },
  },
};

const HINTS: Schema = {
  type: "object",
  properties: {
    forZones: hintList({ type: "string", default: "", format: "label-value" }),
    forNodes: hintList({ type: "string", default: "", format: "dns-subdomain" }),
  },
};

const ENDPOINT: Schema = {
  type: "object",
  required: ["addresses"],
  properties: {
    addresses: { type: "array", items: TEXT, minItems: 1, maxItems: 100 },
    conditions: {
      type: "object",
      properties: {
        ready: { type: "boolean" },
        serving: { type: "boolean" },
        terminating: { type: "boolean" },
      },
    },
    deprecatedTopology: {
      type: "object",
      maxProperties: 16,
      propertyNames: { format: "qualified-name" },
      additionalProperties: { type: "string", default: "", format: "label-value" },
    },
    hints: HINTS,
    hostname: { type: "string", format: "dns-label" },
    nodeName: { type: "string", format: "dns-subdomain" },
    targetRef: OBJECT_REFERENCE,
    zone: TEXT,
  },
};

/**
 * EndpointSlice discovery.k8s.io/v1: k8s.io/kubernetes pkg/apis/discovery. Loopback addresses, which an API
 * server refuses, are accepted (see specialAddress). The reference documents at most 100 ports; a server
 * accepts 20,000, and so is it here.
 */
export const endpointSlice: CodedKind = {
  group: "discovery.k8s.io",
  kind: "EndpointSlice",
  versions: ["v1"],
  storageVersion: "v1",
  scope: "Namespaced",
  plural: "endpointslices",
  singular: "endpointslice",
  shortNames: [],
  nameFormat: "dns-subdomain",
  schema: {
    type: "object",
    required: ["addressType"],
    properties: {
      addressType: { type: "string", enum: ["FQDN", "IPv4", "IPv6"] },
      endpoints: { type: "array", items: ENDPOINT, maxItems: 1000 },
      ports: { type: "array", items: PORT, maxItems: 20_000 },
    },
  },
  check: checkEndpointSlice,
  checkChange: (object, existing, errors) => checkFixed("addressType", { object, existing, errors }),
};

function hintList(name: Schema): Schema {
  const hint: Schema = { type: "object", properties: { name } };
  return {
    type: "array",
    maxItems: 8,
    items: hint,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  };
}

function checkEndpointSlice(object: JsonObject, errors: FieldErrors): void {
  const portNames = new Set<string>();
  for (const [index, port] of objectsOf(object.ports).entries()) {
    const path: FieldPath = { parent: { parent: at("ports"), segment: index }, segment: "name" };
    const name = String(port.name);
    const format = STRING_FORMATS["dns-label"]!;
    if (name !== "" && !format.accepts(name)) {
      errors.add(path, {
        code: "Invalid",
        expected: `empty, or ${format.expected}`,
        actual: displayValue(name),
      });
    }
    if (portNames.has(name)) {
      errors.add(path, {
        code: "Duplicate",
        expected: "the name of no other port",
        actual: displayValue(name),
      });
    }
    portNames.add(name);
  }
  for (const [index, endpoint] of objectsOf(object.endpoints).entries()) {
    const path: FieldPath = { parent: { parent: at("endpoints"), segment: index }, segment: "addresses" };
    for (const [position, address] of (Array.isArray(endpoint.addresses)
      ? endpoint.addresses
      : []
    ).entries()) {
      checkAddress(String(address), object.addressType, { parent: path, segment: position }, errors);
    }
  }
}

function checkAddress(
  address: string,
  type: JsonValue | undefined,
  path: FieldPath,
  errors: FieldErrors,
): void {
  const actual = displayValue(address);
  if (type === "FQDN") {
    const format = STRING_FORMATS["fully-qualified-name"]!;
    if (!format.accepts(address)) errors.add(path, { code: "Invalid", expected: format.expected, actual });
    return;
  }
  if (type !== "IPv4" && type !== "IPv6") return;
  const groups = type === "IPv6" ? parseIpv6(address) : undefined;
  if (type === "IPv4" ? parseIpv4(address) === undefined : groups === undefined || isMappedIpv4(address)) {
    errors.add(path, { code: "Invalid", expected: `an ${type} address, as addressType says`, actual });
    return;
  }
  const canonical = groups === undefined ? address : canonicalIpv6(groups);
  if (canonical !== address)
    errors.add(path, { code: "Invalid", expected: `${canonical}, its short form`, actual });
  const special = specialAddress(address);
  if (special !== undefined) {
    errors.add(path, { code: "Invalid", expected: `an address that is not ${special}`, actual });
  }
}

function objectsOf(list: JsonValue | undefined): JsonObject[] {
  return (Array.isArray(list) ? list : []).filter(isObject);
}

function at(name: string): FieldPath {
  return { parent: undefined, segment: name };
}
