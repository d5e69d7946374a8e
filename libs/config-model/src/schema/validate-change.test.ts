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

test("P7: of a Service the addresses, the first family and the load balancer's class cannot change once they are said", () => {
  const service = (spec: JsonObject) => object("v1", "Service", { spec: { ports: [{ port: 80 }], ...spec } });
  const balancer = (spec: JsonObject) => service({ type: "LoadBalancer", ...spec });
  const local = { externalTrafficPolicy: "Local" };
  assertChange(service({ clusterIP: "10.0.0.1" }), service({ clusterIP: "10.0.0.2" }), [
    "Invalid spec.clusterIP",
  ]);
  assertChange(service({ clusterIP: "10.0.0.1" }), service({}), []);
  assertChange(service({}), service({ clusterIP: "10.0.0.1" }), []);
  assertChange(service({ ipFamilies: ["IPv4"] }), service({ ipFamilies: ["IPv6"] }), [
    "Invalid spec.ipFamilies[0]",
  ]);
  assertChange(balancer({}), balancer({ loadBalancerClass: "a.b/c" }), ["Invalid spec.loadBalancerClass"]);
  assertChange(service({}), balancer({ loadBalancerClass: "a.b/c" }), []);
  const checked = balancer({ ...local, healthCheckNodePort: 30001 });
  assertChange(checked, balancer({ ...local, healthCheckNodePort: 30002 }), [
    "Invalid spec.healthCheckNodePort",
  ]);
  assertChange(checked, balancer(local), []);
  const named = service({ type: "ExternalName", externalName: "a.example", ports: [] });
  assertChange(service({ clusterIP: "10.0.0.1" }), named, []);
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
