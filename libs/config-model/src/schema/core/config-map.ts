import { type JsonObject, utf8 } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import type { FieldErrors } from "../field-error.ts";
import type { CodedKind } from "../kind-info.ts";
import { checkImmutable } from "./check-change.ts";

/** The data of a Secret or ConfigMap together, in bytes (core MaxSecretSize). */
export const DATA_BYTES_MAX = 1024 * 1024;

/** ConfigMap v1. */
export const configMap: CodedKind = {
  group: "",
  kind: "ConfigMap",
  versions: ["v1"],
  storageVersion: "v1",
  scope: "Namespaced",
  plural: "configmaps",
  singular: "configmap",
  shortNames: ["cm"],
  nameFormat: "dns-subdomain",
  schema: {
    type: "object",
    properties: {
      data: {
        type: "object",
        propertyNames: { format: "config-map-key" },
        additionalProperties: { type: "string", default: "" },
      },
      binaryData: {
        type: "object",
        propertyNames: { format: "config-map-key" },
        additionalProperties: { type: "string", default: "", format: "byte" },
      },
      immutable: { type: "boolean" },
    },
  },
  check: checkConfigMap,
  checkChange: (object, existing, errors) =>
    checkImmutable(["data", "binaryData"], { object, existing, errors }),
};

function checkConfigMap(object: JsonObject, errors: FieldErrors): void {
  const data = isObject(object.data) ? object.data : {};
  const binaryData = isObject(object.binaryData) ? object.binaryData : {};
  for (const name of Object.keys(data)) {
    if (!Object.hasOwn(binaryData, name)) continue;
    const path = { parent: { parent: undefined, segment: "data" }, segment: name };
    errors.add(path, { code: "Invalid", expected: "a key that is not also in binaryData", actual: name });
  }
  let bytes = 0;
  for (const value of Object.values(data)) bytes += utf8(String(value)).length;
  for (const value of Object.values(binaryData)) bytes += base64Bytes(String(value));
  if (bytes > DATA_BYTES_MAX) {
    const path = { parent: undefined, segment: "data" };
    errors.add(path, {
      code: "TooLong",
      expected: `at most ${DATA_BYTES_MAX} bytes together`,
      actual: String(bytes),
    });
  }
}

/** How many bytes padded base64 stands for. */
export function base64Bytes(written: string): number {
  const text = written.replaceAll(/[\r\n]/g, "");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}
