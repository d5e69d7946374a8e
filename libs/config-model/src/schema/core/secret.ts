import { type JsonObject, utf8 } from "@routeledger/std";
import { mayHaveSameValues } from "../../secrets/sealed-secret.ts";
import { isObject } from "../apply-defaults.ts";
import type { FieldErrors } from "../field-error.ts";
import type { CodedKind } from "../kind-info.ts";
import { checkFixed, checkImmutable } from "./check-change.ts";
import { base64Bytes, DATA_BYTES_MAX } from "./config-map.ts";

/** What `data` must hold, by the Secret's type; of the inner lists any one will do. */
const KEYS_OF_TYPE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "kubernetes.io/tls": [["tls.crt"], ["tls.key"]],
  "kubernetes.io/basic-auth": [["username", "password"]],
  "kubernetes.io/ssh-auth": [["ssh-privatekey"]],
  "kubernetes.io/dockercfg": [[".dockercfg"]],
  "kubernetes.io/dockerconfigjson": [[".dockerconfigjson"]],
};

/** Secret v1. No error shows a value of it (P11). */
export const secret: CodedKind = {
  group: "",
  kind: "Secret",
  versions: ["v1"],
  storageVersion: "v1",
  scope: "Namespaced",
  plural: "secrets",
  singular: "secret",
  shortNames: [],
  nameFormat: "dns-subdomain",
  schema: {
    type: "object",
    properties: {
      type: { type: "string", default: "Opaque", emptyIsAbsent: true },
      data: {
        type: "object",
        sensitive: true,
        propertyNames: { format: "config-map-key" },
        additionalProperties: { type: "string", default: "", format: "byte", sensitive: true },
      },
      // A server moves these into data; here `api` seals them, so they are checked where they stand.
      stringData: {
        type: "object",
        sensitive: true,
        propertyNames: { format: "config-map-key" },
        additionalProperties: { type: "string", default: "", sensitive: true },
      },
      immutable: { type: "boolean" },
    },
  },
  check: checkSecret,
  checkChange: (object, existing, errors) => {
    checkFixed("type", { object, existing, errors });
    checkImmutable([], { object, existing, errors });
    if (existing.immutable !== true || mayHaveSameValues(object, existing)) return;
    const expected = "what it was: the object is immutable";
    errors.add({ parent: undefined, segment: "data" }, { code: "Forbidden", expected });
  },
};

function checkSecret(object: JsonObject, errors: FieldErrors): void {
  const data = isObject(object.data) ? object.data : {};
  const stringData = isObject(object.stringData) ? object.stringData : {};
  const path = { parent: undefined, segment: "data" };
  for (const alternatives of KEYS_OF_TYPE[String(object.type)] ?? []) {
    if (alternatives.some((key) => Object.hasOwn(data, key) || Object.hasOwn(stringData, key))) continue;
    const expected = `a value, as the type is ${object.type}`;
    for (const key of alternatives)
      errors.add({ parent: path, segment: key }, { code: "Required", expected });
  }
  let bytes = 0;
  for (const value of Object.values(data)) bytes += base64Bytes(String(value));
  for (const value of Object.values(stringData)) bytes += utf8(String(value)).length;
  if (bytes > DATA_BYTES_MAX) {
    errors.add(path, {
      code: "TooLong",
      expected: `at most ${DATA_BYTES_MAX} bytes together`,
      actual: String(bytes),
    });
  }
}
