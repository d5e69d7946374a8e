import { deepEqual, equal, match, ok } from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { knownKinds } from "../catalog.ts";
import { validateObject } from "../validate-object.ts";

const flower = { group: "example.com", version: "v1", kind: "Flower" };
const least: JsonObject = {
  hooks: { xdsTranslator: { post: ["Route"] } },
  service: { fqdn: { hostname: "ext.example.com", port: 5005 } },
};

test("the least that an Extension says gets its defaults, failureMode none", () => {
  const { object, errors } = validateObject(extension({}));
  deepEqual(errors, []);
  deepEqual(object.spec, { ...least, maxMessageSize: "4Mi", deadline: "2s", order: 0 });
});

test("retry gets Envoy Gateway's defaults, where it is given", () => {
  const { object, errors } = validateObject(service({ retry: { maxAttempts: 2, maxBackoff: "0.5s" } }));
  deepEqual(errors, []);
  const spec = object.spec as { service: { retry: JsonObject } };
  deepEqual(spec.service.retry, {
    maxAttempts: 2,
    initialBackoff: "100ms",
    maxBackoff: "0.5s",
    backoffMultiplier: { numerator: 200, denominator: 100 },
    RetryableStatusCodes: ["UNAVAILABLE"],
  });
});

test("all that Envoy Gateway's extensionManager has is accepted, and what validated validates to itself", () => {
  const spec = {
    resources: [flower],
    policyResources: [{ ...flower, kind: "FlowerPolicy" }],
    backendResources: [flower],
    hooks: {
      xdsTranslator: {
        post: ["Route", "VirtualHost", "HTTPListener", "Cluster", "Endpoints", "Translation"],
        translation: {
          ...{ listener: { includeAll: true }, route: { includeAll: true } },
          ...{ cluster: { includeAll: false }, secret: { includeAll: false } },
        },
      },
    },
    service: {
      ip: { address: "::1", port: 1 },
      hostname: "ext.example.com",
      tls: { certificateRef: secret("ca"), clientCertificateRef: secret("client") },
      retry: {
        ...{
          maxAttempts: 5,
          initialBackoff: "10ms",
          maxBackoff: "1m",
          backoffMultiplier: { numerator: 150 },
        },
        RetryableStatusCodes: ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
      },
    },
    failOpen: true,
    maxMessageSize: 4_000_000,
    deadline: "1s500ms",
    order: -3,
  };
  const { object, errors } = validateObject(extension(spec));
  deepEqual(errors, []);
  deepEqual(validateObject(object), { object, errors: [] });
});

test("an Extension is in no namespace", () => {
  const object = { ...extension({}), metadata: { name: "a", namespace: "default" } };
  deepEqual(errorsOf(object), ["metadata.namespace Forbidden"]);
});

test("an Extension without a hook would never be asked, so it is refused", () => {
  deepEqual(errorsOf(extension({ hooks: undefined })), ["spec.hooks Required"]);
  deepEqual(errorsOf(extension({ hooks: { xdsTranslator: { post: [] } } })), [
    "spec.hooks.xdsTranslator.post Invalid",
  ]);
  const post = ["Route", "Route", "Routes"];
  deepEqual(errorsOf(extension({ hooks: { xdsTranslator: { post } } })), [
    "spec.hooks.xdsTranslator.post[1] Duplicate",
    "spec.hooks.xdsTranslator.post[2] NotSupported",
  ]);
});

test("a service has exactly one address", () => {
  deepEqual(errorsOf(extension({ service: {} })), ["spec.service Required"]);
  deepEqual(errorsOf(service({ unix: { path: "/run/ext.sock" } })), ["spec.service Invalid"]);
  const { errors } = validateObject(service({ unix: { path: "/run/ext.sock" } }));
  equal(errors[0]?.message, "expected exactly one of fqdn, ip and unix, got fqdn, unix");
});

test("each part of an address has its bounds", () => {
  const refused: [JsonObject, string][] = [
    [{ fqdn: { hostname: "Ext", port: 1 } }, "spec.service.fqdn.hostname Invalid"],
    [{ fqdn: { hostname: "ext", port: 0 } }, "spec.service.fqdn.port Invalid"],
    [{ ip: { address: "ext", port: 65535 } }, "spec.service.ip.address Invalid"],
    [{ ip: { address: "1.2.3.4" } }, "spec.service.ip.port Required"],
    [{ unix: { path: "ext.sock" } }, "spec.service.unix.path Invalid"],
    [{ unix: { path: `/${"x".repeat(108)}` } }, "spec.service.unix.path TooLong"],
    [{ host: "ext", fqdn: { hostname: "ext", port: 1 } }, "spec.service.host UnknownField"],
  ];
  for (const [address, error] of refused) deepEqual(errorsOf(extension({ service: address })), [error]);
});

test("a certificate is a Secret, and its namespace is said", () => {
  const refused: [JsonObject, string][] = [
    [{ name: "ca" }, "namespace Required"],
    [{ ...secret("ca"), kind: "ConfigMap" }, "kind NotSupported"],
    [{ ...secret("ca"), group: "example.com" }, "group NotSupported"],
  ];
  for (const [certificateRef, error] of refused)
    deepEqual(errorsOf(service({ tls: { certificateRef } })), [`spec.service.tls.certificateRef.${error}`]);
  const { errors } = validateObject(service({ tls: { clientCertificateRef: secret("client") } }));
  deepEqual(
    errors.map(({ path }) => path),
    ["spec.service.tls.certificateRef"],
  );
});

test("durations, sizes and tries have bounds", () => {
  const good = { deadline: ["10ms", "30s", "0.01s"], maxMessageSize: ["64Mi", 1, "1k", 67_108_864] };
  const bad = {
    deadline: ["9ms", "31s", "2", "-1s", "2 s", "1d", "", "1us"],
    maxMessageSize: [0, "0", "65Mi", "1.5Mi", -1, "4MB", "1G", 67_108_865],
  };
  for (const [field, values] of Object.entries(good))
    for (const value of values) deepEqual(errorsOf(extension({ [field]: value })), [], `${field} ${value}`);
  for (const [field, values] of Object.entries(bad))
    for (const value of values)
      deepEqual(errorsOf(extension({ [field]: value })), [`spec.${field} Invalid`], `${field} ${value}`);
  const retries: JsonObject[] = [
    { maxAttempts: 0 },
    { maxAttempts: 6 },
    { initialBackoff: "0ms" },
    { maxBackoff: "61s" },
    { backoffMultiplier: { numerator: 0 } },
    { RetryableStatusCodes: ["OK"] },
    { RetryableStatusCodes: [] },
  ];
  for (const retry of retries) equal(errorsOf(service({ retry })).length, 1, JSON.stringify(retry));
});

test("failOpen and failureMode do not contradict each other", () => {
  const good = [
    { failOpen: true },
    { failOpen: true, failureMode: "failOpen" },
    { failureMode: "failClosed" },
  ];
  for (const fields of [...good, { failOpen: false, failureMode: "keepLast" }])
    deepEqual(errorsOf(extension(fields)), []);
  for (const failureMode of ["keepLast", "failClosed"])
    deepEqual(errorsOf(extension({ failOpen: true, failureMode })), ["spec.failureMode Invalid"]);
  deepEqual(errorsOf(extension({ failOpen: false, failureMode: "failOpen" })), ["spec.failureMode Invalid"]);
  deepEqual(errorsOf(extension({ failureMode: "FailOpen" })), ["spec.failureMode NotSupported"]);
});

test("a list of kinds is bounded, and names each kind once", () => {
  const kinds = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...flower, kind: `Flower${index}` }));
  deepEqual(errorsOf(extension({ resources: kinds(64) })), []);
  deepEqual(errorsOf(extension({ resources: kinds(65) })), ["spec.resources TooMany"]);
  deepEqual(errorsOf(extension({ resources: [flower, { ...flower, version: "v2" }] })), [
    "spec.resources[1] Duplicate",
  ]);
  const other = { resources: [flower], backendResources: [{ ...flower, version: "v2" }] };
  deepEqual(errorsOf(extension(other)), ["spec.backendResources[0].version Invalid"]);
});

test("kinds that are known already are nobody's to take, nor any of their groups but Envoy Gateway's", () => {
  for (const { group, kind, storageVersion: version } of knownKinds()) {
    const errors = validateObject(extension({ resources: [{ group, version, kind }] })).errors;
    equal(errors.length, 1, `${group}/${kind}`);
    ok(errors[0]?.path.startsWith("spec.resources[0]."));
  }
  const core = validateObject(extension({ policyResources: [{ group: "", version: "v1", kind: "Pod" }] }));
  match(core.errors[0]?.message ?? "", /a group of the extension's own.*the core group/);
  const policy = { group: "gateway.envoyproxy.io", version: "v1alpha1", kind: "SecurityPolicy" };
  deepEqual(errorsOf(extension({ policyResources: [policy] })), []);
});

function extension(fields: Record<string, JsonValue | undefined>): JsonObject {
  const spec = Object.entries({ ...least, ...fields }).filter(([, value]) => value !== undefined);
  return {
    apiVersion: "routeledger.dev/v1alpha1",
    kind: "Extension",
    metadata: { name: "ext" },
    spec: Object.fromEntries(spec) as JsonObject,
  };
}

function service(fields: JsonObject): JsonObject {
  return extension({ service: { ...(least.service as JsonObject), ...fields } });
}

function secret(name: string): JsonObject {
  return { name, namespace: "default" };
}

function errorsOf(object: JsonObject): string[] {
  return validateObject(object).errors.map(({ path, code }) => `${path} ${code}`);
}
