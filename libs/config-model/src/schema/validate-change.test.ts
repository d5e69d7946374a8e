import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { validateChange, validateObject } from "./validate-object.ts";

test("P7: a GatewayClass's controller cannot change, whatever version it was written in", () => {
  const before = gatewayClass("a.example/b", "v1beta1");
  assertChange(before, gatewayClass("a.example/c"), ["Invalid spec.controllerName"]);
  assertChange(before, gatewayClass("a.example/b"), []);
});

test("P7: an EndpointSlice's address type and a Secret's type cannot change", () => {
  const slice = (addressType: string) =>
    object("discovery.k8s.io/v1", "EndpointSlice", { addressType, endpoints: [] });
  assertChange(slice("IPv4"), slice("IPv6"), ["Invalid addressType"]);
  assertChange(slice("IPv4"), slice("IPv4"), []);
  const secret = (type: string) => object("v1", "Secret", { type });
  assertChange(secret("a"), secret("b"), ["Invalid type"]);
  assertChange(secret("Opaque"), object("v1", "Secret", {}), []);
});

test("P7: what is immutable stays so, with its data", () => {
  const before = object("v1", "ConfigMap", { immutable: true, data: { a: "1" } });
  assertChange(before, before, []);
  assertChange(before, object("v1", "ConfigMap", { immutable: true, data: { a: "2" } }), ["Forbidden data"]);
  assertChange(before, object("v1", "ConfigMap", { data: { a: "1" }, binaryData: { b: "AA==" } }), [
    "Forbidden binaryData",
    "Forbidden immutable",
  ]);
  assertChange(object("v1", "ConfigMap", { data: { a: "1" } }), before, []);
});

test("what was recorded before may be anything", () => {
  const pathsAfter = (spec: JsonValue) =>
    validateChange(gatewayClass("a.example/b"), { ...gatewayClass("x"), spec }).map(({ path }) => path);
  for (const spec of [null, "x", [], {}]) assert.deepEqual(pathsAfter(spec), []);
  assert.deepEqual(pathsAfter({ controllerName: 7 }), ["spec.controllerName"]);
  assert.deepEqual(validateChange(object("v1", "ConfigMap", {}), { immutable: "x", data: 7 }), []);
});

function assertChange(existing: JsonObject, changed: JsonObject, expected: readonly string[]): void {
  const { object: defaulted, errors } = validateObject(changed, { existing });
  assert.deepEqual(
    errors.map(({ code, path }) => `${code} ${path}`),
    expected,
  );
  assert.deepEqual(validateChange(defaulted, existing), errors);
  assert.deepEqual(validateObject(changed).errors, []);
}

function gatewayClass(controllerName: string, version = "v1"): JsonObject {
  return object(`gateway.networking.k8s.io/${version}`, "GatewayClass", { spec: { controllerName } });
}

function object(apiVersion: string, kind: string, fields: JsonObject): JsonObject {
  return { apiVersion, kind, metadata: { name: "a" }, ...fields };
}
