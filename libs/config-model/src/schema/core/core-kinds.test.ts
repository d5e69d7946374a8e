import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { validateObject } from "../validate-object.ts";

test("P7: a Service gets an API server's defaults, what it would allocate stays absent", () => {
  const { object, errors } = validateObject(
    service({ ports: [{ port: 80 }, { name: "b", port: 81, targetPort: "http" }] }),
  );
  assert.deepEqual(paths(errors), ["Required spec.ports[0].name"]);
  assert.deepEqual(object.spec, {
    type: "ClusterIP",
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
    ports: [
      { port: 80, protocol: "TCP", targetPort: 80 },
      { name: "b", port: 81, protocol: "TCP", targetPort: "http" },
    ],
  });
});

test("P7: a Service's ports have unique names, and unique pairs of port and protocol", () => {
  const ports = [
    { name: "a", port: 80 },
    { name: "a", port: 81 },
    { name: "c", port: 80 },
    { name: "d", port: 80, protocol: "UDP" },
  ];
  assertErrors(service({ ports }), ["Duplicate spec.ports[1].name", "Duplicate spec.ports[2]"]);
});

test("P7: only a headless or an ExternalName Service may have no ports", () => {
  assertErrors(service({}), ["Required spec.ports"]);
  assertErrors(service({ clusterIP: "None" }), []);
  assertErrors(service({ type: "ExternalName", externalName: "a.example." }), []);
  assertErrors(service({ type: "ExternalName" }), ["Required spec.externalName"]);
  const { spec: _spec, ...bare } = service({});
  assertErrors(bare, ["Required spec.ports"]);
});

test("P7: a Service's values are checked as its API server does", () => {
  const one = (port: JsonObject, spec: JsonObject = {}) =>
    service({ ports: [{ port: 80, ...port }], ...spec });
  assertErrors(one({ port: 0 }), ["Invalid spec.ports[0].port", "Invalid spec.ports[0].targetPort"]);
  assertErrors(one({ protocol: "tcp" }), ["NotSupported spec.ports[0].protocol"]);
  assertErrors(one({ targetPort: "HTTP" }), ["Invalid spec.ports[0].targetPort"]);
  assertErrors(one({ targetPort: true }), ["TypeInvalid spec.ports[0].targetPort"]);
  assertErrors(one({ nodePort: 30000 }), ["Forbidden spec.ports[0].nodePort"]);
  assertErrors(one({ nodePort: 30000 }, { type: "NodePort" }), []);
  assertErrors(one({ appProtocol: "kubernetes.io/h2c" }), []);
  assertErrors(one({}, { selector: { app: "-" } }), ["Invalid spec.selector.app"]);
  assertErrors(one({}, { clusterIP: "10.0.0.300" }), ["Invalid spec.clusterIPs[0]"]);
  const dual = { clusterIP: "10.0.0.1", ipFamilyPolicy: "PreferDualStack" };
  assertErrors(one({}, { ...dual, clusterIPs: ["10.0.0.1", "10.0.0.2"] }), ["Invalid spec.clusterIPs"]);
  assertErrors(one({}, { clusterIP: "::1", ipFamilies: ["IPv4"] }), ["Invalid spec.clusterIPs[0]"]);
  assertErrors(one({}, { externalIPs: ["169.254.1.1"] }), ["Invalid spec.externalIPs[0]"]);
  assertErrors(one({}, { clusterIP: "None", type: "LoadBalancer" }), ["Invalid spec.clusterIP"]);
  assertErrors(one({}, { allocateLoadBalancerNodePorts: false }), [
    "Forbidden spec.allocateLoadBalancerNodePorts",
  ]);
  assertErrors(one({ portt: 1 }), ["UnknownField spec.ports[0].portt"]);
});

test("P7: a Service that is reached from outside gets a policy for that, and only it may have one", () => {
  const policy = (spec: JsonObject) => {
    const { object } = validateObject(service({ ports: [{ port: 80 }], ...spec }));
    return (object.spec as JsonObject).externalTrafficPolicy;
  };
  assert.equal(policy({ type: "NodePort" }), "Cluster");
  assert.equal(policy({ externalIPs: ["10.0.0.9"] }), "Cluster");
  assert.equal(policy({}), undefined);
  const local = { ports: [{ port: 80 }], externalTrafficPolicy: "Local" };
  assertErrors(service(local), ["Forbidden spec.externalTrafficPolicy"]);
});

test("P7: an empty string in a core kind is absent, as in the Go struct that a server decodes into", () => {
  const { object, errors } = validateObject(
    service({ type: "", ports: [{ port: 80, protocol: "", targetPort: "" }] }),
  );
  assert.deepEqual(errors, []);
  assert.equal((object.spec as JsonObject).type, "ClusterIP");
  assert.deepEqual((object.spec as JsonObject).ports, [{ port: 80, protocol: "TCP", targetPort: 80 }]);
});

test("P7: what a default takes away is checked first", () => {
  const sessionAffinityConfig = { clientIP: { timeout: 1 } };
  const path = "UnknownField spec.sessionAffinityConfig.clientIP.timeout";
  assertErrors(service({ ports: [{ port: 80 }], sessionAffinityConfig }), [path]);
});

test("P7: a Service of two IP families says so in its policy, but when it only has endpoints", () => {
  const two = { ports: [{ port: 80 }], ipFamilies: ["IPv4", "IPv6"] };
  assertErrors(service(two), ["Invalid spec.ipFamilyPolicy"]);
  assertErrors(service({ ...two, ipFamilyPolicy: "SingleStack" }), ["Invalid spec.ipFamilyPolicy"]);
  assertErrors(service({ ...two, ipFamilyPolicy: "PreferDualStack" }), []);
  assertErrors(service({ ...two, clusterIP: "None" }), []);
  assertErrors(service({ ...two, clusterIP: "None", selector: { app: "a" } }), [
    "Invalid spec.ipFamilyPolicy",
  ]);
});

test("P7: finalizers of a core kind are qualified or one of three, source ranges are IP ranges", () => {
  const finalizers = ["kubernetes", "example.com/x", "mine"];
  assertErrors({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a", finalizers } }, [
    "Invalid metadata.finalizers[2]",
  ]);
  const spec = {
    type: "LoadBalancer",
    ports: [{ port: 80 }],
    loadBalancerSourceRanges: [
      " 10.0.0.0/8 ",
      "::/0",
      "10.0.0.0/33",
      "10.0.0.1/31",
      "fd00::/7",
      "::ffff:0:0/96",
    ],
    externalIPs: ["10.0.0.1", "::ffff:10.0.0.1", "127.0.0.1", "::1", "fd00::1"],
  };
  assertErrors(service(spec), [
    "Invalid spec.externalIPs[1]",
    "Invalid spec.externalIPs[2]",
    "Invalid spec.externalIPs[3]",
    "Invalid spec.loadBalancerSourceRanges[2]",
    "Invalid spec.loadBalancerSourceRanges[3]",
    "Invalid spec.loadBalancerSourceRanges[4]",
    "Invalid spec.loadBalancerSourceRanges[5]",
  ]);
});

test("P7: the wrong types of a Service's fields are errors, not exceptions", () => {
  for (const spec of [
    "x",
    [],
    1,
    { ports: "x" },
    { ports: [1, null] },
    { sessionAffinity: "ClientIP", sessionAffinityConfig: 1 },
  ]) {
    assert.ok(validateObject({ ...service({}), spec }).errors.length > 0, JSON.stringify(spec));
  }
});

test("G70: an EndpointSlice's ports get an empty name and TCP", () => {
  const { object, errors } = validateObject(slice("IPv4", ["10.0.0.1"], { ports: [{ port: 8080 }] }));
  assert.deepEqual(errors, []);
  assert.deepEqual(object.ports, [{ name: "", protocol: "TCP", port: 8080 }]);
});

test("P7: an EndpointSlice's addresses are of its type; loopback is accepted, link-local is not", () => {
  assertErrors(slice("IPv4", ["127.1.0.1", "10.0.0.1"]), []);
  assertErrors(slice("IPv6", ["::1"]), []);
  assertErrors(slice("IPv6", ["2001:DB8::1", "0:0::1", "::ffff:10.0.0.1"]), [
    "Invalid endpoints[0].addresses[0]",
    "Invalid endpoints[0].addresses[1]",
    "Invalid endpoints[0].addresses[2]",
  ]);
  assertErrors(slice("FQDN", ["a.example"]), []);
  assertErrors(slice("FQDN", ["example"]), ["Invalid endpoints[0].addresses[0]"]);
  assertErrors(slice("IPv4", ["::1", "10.0.0.1", "x"]), [
    "Invalid endpoints[0].addresses[0]",
    "Invalid endpoints[0].addresses[2]",
  ]);
  assertErrors(slice("IPv4", ["169.254.169.254"]), ["Invalid endpoints[0].addresses[0]"]);
  assertErrors(slice("IPv4", []), ["Invalid endpoints[0].addresses"]);
  assertErrors(slice("ipv4", ["10.0.0.1"]), ["NotSupported addressType"]);
  const { addressType: _addressType, ...untyped } = slice("IPv4", ["10.0.0.1"]);
  assert.ok(paths(validateObject(untyped).errors).includes("Required addressType"));
});

test("P7: an EndpointSlice has at most 1,000 endpoints, and ports of different names", () => {
  const endpoints = Array.from({ length: 1001 }, () => ({ addresses: ["10.0.0.1"] }));
  assertErrors(slice("IPv4", [], { endpoints }), ["TooMany endpoints"]);
  assertErrors(slice("IPv4", ["10.0.0.1"], { ports: [{ port: 1 }, { port: 2 }] }), [
    "Duplicate ports[1].name",
  ]);
});

test("G4: a Namespace gets the label with its own name", () => {
  const { object, errors } = validateObject({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "shop" },
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(object.metadata, { name: "shop", labels: { "kubernetes.io/metadata.name": "shop" } });
  assertErrors({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a.b" } }, ["Invalid metadata.name"]);
});

test("P11: no error about a Secret shows a value of it", () => {
  const secret = (fields: JsonObject): JsonObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "a" },
    ...fields,
  });
  const values = ["hunter2!", 4711, ["hunter2!"], { a: "hunter2!" }, "hunter2!\ud800"];
  for (const value of [...values, null].filter((candidate) => candidate !== null)) {
    for (const fields of [{ data: { key: value } }, { data: value }, { stringData: value }]) {
      const { errors } = validateObject(secret(fields as JsonObject));
      assert.doesNotMatch(JSON.stringify(errors), /hunter2|4711/);
    }
  }
  assertErrors(secret({ data: { key: "hunter2!" } }), ["Invalid data.key"]);
  assertErrors(secret({ type: "kubernetes.io/tls", data: { "tls.crt": "AA==" } }), [
    "Required data[tls.key]",
  ]);
});

test("P7: base64 may be written in lines, as Go's decoder reads it", () => {
  const secret = (value: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "a" },
    data: { a: value },
  });
  assertErrors(secret("YW\nJj\r\n"), []);
  assertErrors(secret("YW Jj"), ["Invalid data.a"]);
});

test("P7: a ConfigMap's keys are file names, and not in both of its maps", () => {
  const configMap = (fields: JsonObject): JsonObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a" },
    ...fields,
  });
  assertErrors(configMap({ data: { "ca.crt": "x" } }), []);
  assertErrors(configMap({ data: { "a/b": "x", "..": "x" } }), ["Invalid data[..]", "Invalid data[a/b]"]);
  assertErrors(configMap({ data: { a: "x" }, binaryData: { a: "AA==" } }), ["Invalid data.a"]);
});

function assertErrors(object: JsonObject, expected: readonly string[]): void {
  assert.deepEqual(paths(validateObject(object).errors), expected);
}

function paths(errors: readonly { code: string; path: string }[]): string[] {
  return errors.map((error) => `${error.code} ${error.path}`);
}

function service(spec: JsonObject): JsonObject {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "shop", namespace: "default" }, spec };
}

function slice(addressType: string, addresses: JsonValue, more: JsonObject = {}): JsonObject {
  const metadata = { name: "shop-1", namespace: "default" };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata,
    addressType,
    endpoints: [{ addresses }],
    ...more,
  };
}
