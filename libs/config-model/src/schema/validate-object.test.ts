import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { FIELD_ERRORS_MAX } from "./field-error.ts";
import { validateObject } from "./validate-object.ts";

test("P7: defaults are filled in, also inside defaults, and the input stays as it was", () => {
  const input = route({ parentRefs: [{ name: "web" }] });
  const before = structuredClone(input);
  const { object, errors } = validateObject(input);
  assert.deepEqual(errors, []);
  assert.deepEqual(object.spec, {
    parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "web" }],
    rules: [{ matches: [{ path: { type: "PathPrefix", value: "/" } }] }],
  });
  assert.deepEqual(input, before);
});

test("P7: null is absent: it gets the default, or goes, and is missing where a value is required", () => {
  const { object, errors } = validateObject(
    route({
      hostnames: null,
      rules: [{ backendRefs: [{ name: "a", port: 80, weight: null }], matches: null }],
    }),
  );
  assert.deepEqual(errors, []);
  const [rule] = (object.spec as { rules: JsonObject[] }).rules;
  assert.ok(!Object.hasOwn(object.spec as JsonObject, "hostnames"));
  assert.deepEqual(rule?.backendRefs, [{ name: "a", port: 80, weight: 1, group: "", kind: "Service" }]);
  assert.deepEqual(rule?.matches, [{ path: { type: "PathPrefix", value: "/" } }]);
  assertErrors(gateway([{ name: null, port: 80, protocol: "HTTP" }]), ["Required spec.listeners[0].name"]);
});

test("P7: an unknown field is refused, and the field that was meant is named", () => {
  const [error] = validateObject(route({ hostname: ["a.example"] })).errors;
  assert.equal(error?.code, "UnknownField");
  assert.equal(error?.path, "spec.hostname");
  assert.equal(error?.message, 'unknown field "hostname"; did you mean "hostnames"?');
});

test("P7: an unknown field that resembles none lists the known ones when they are few", () => {
  const [error] = validateObject(route({ rules: [{ matches: [{ path: { zzzzzz: 1 } }] }] })).errors;
  assert.equal(error?.message, 'unknown field "zzzzzz"; known are type, value');
});

test("P7: a value outside an enum is refused with the values that would do", () => {
  const [error] = validateObject(route({ rules: [{ matches: [{ path: { type: "Prefix" } }] }] })).errors;
  assert.equal(error?.code, "NotSupported");
  assert.equal(error?.path, "spec.rules[0].matches[0].path.type");
  assert.equal(error?.expected, 'one of "Exact", "PathPrefix", "RegularExpression"');
  assert.equal(error?.actual, '"Prefix"');
});

test("P7: bounds, patterns and lengths are checked, and the message says what was expected", () => {
  const listener = { name: "web", port: 0, protocol: "HTTP", hostname: `${"a".repeat(254)}` };
  assertErrors(gateway([listener]), ["TooLong spec.listeners[0].hostname", "Invalid spec.listeners[0].port"]);
  const [error] = validateObject(gateway([{ ...listener, hostname: "a.example" }])).errors;
  assert.equal(error?.message, "expected an integer from 1 to 65535, got 0");
  assertErrors(gateway([]), ["Invalid spec.listeners"]);
});

test("P7: a wrong type is one error, and what is below it is not looked at", () => {
  assertErrors(route({ rules: { matches: [] } }), ["TypeInvalid spec.rules"]);
  assertErrors(route({ rules: ["x"] }), ["TypeInvalid spec.rules[0]"]);
  assertErrors(gateway([{ name: "web", port: "80", protocol: "HTTP" }]), [
    "TypeInvalid spec.listeners[0].port",
  ]);
  assertErrors(gateway([{ name: "web", port: 80.5, protocol: "HTTP" }]), [
    "TypeInvalid spec.listeners[0].port",
  ]);
});

test("P7: a repeated key of a list map is refused at the later item", () => {
  const listener = { name: "web", port: 80, protocol: "HTTP" };
  assertErrors(gateway([listener, { ...listener, port: 81 }]), [
    "Invalid spec.listeners",
    "Duplicate spec.listeners[1]",
  ]);
});

test("P7: lengths count code points, as an API server does", () => {
  const value = (text: string) =>
    route({ rules: [{ matches: [{ path: { type: "RegularExpression", value: text } }] }] });
  assertErrors(value(`/${"😀".repeat(1023)}`), []);
  assertErrors(value(`/${"😀".repeat(1024)}`), ["TooLong spec.rules[0].matches[0].path.value"]);
});

test("a value that takes a backtracking engine exponential time is refused at once", () => {
  const value = `${"a".repeat(4000)}\u0001`;
  const headers = [{ name: "x", value }];
  assertErrors(route({ rules: [{ matches: [{ headers }] }] }), [
    "Invalid spec.rules[0].matches[0].headers[0].value",
  ]);
});

test("P7: of alternatives the one that was meant is reported", () => {
  const addresses = (list: JsonValue) => ({
    ...gateway([{ name: "web", port: 80, protocol: "HTTP" }], list),
  });
  assertErrors(addresses([{ value: "127.0.0.1" }, { type: "Hostname", value: "a.example" }]), []);
  const [error, none] = validateObject(addresses([{ type: "IPAddress", value: "a.example" }])).errors;
  assert.equal(error?.path, "spec.addresses[0].value");
  assert.equal(error?.message, 'expected an IPv4 address or an IPv6 address, got "a.example"');
  assert.equal(none, undefined);
});

test("P7: apiVersion, kind and name are required, and status is free", () => {
  assertErrors({}, ["Required apiVersion", "Required kind"]);
  assertErrors({ apiVersion: 1, kind: ["x"] }, ["TypeInvalid apiVersion", "TypeInvalid kind"]);
  const { metadata: _metadata, ...unnamed } = route({});
  assertErrors(unnamed, ["Required metadata"]);
  assertErrors({ ...route({}), metadata: {} }, ["Required metadata.name"]);
  assertErrors({ ...route({}), status: "whatever" }, []);
});

test("an unknown kind or version is refused with those that are known", () => {
  const [kind] = validateObject({ ...route({}), kind: "HttpRoutes" }).errors;
  assert.equal(kind?.code, "NotSupported");
  assert.match(kind?.message ?? "", /did you mean "HTTPRoute"\?$/);
  const [version] = validateObject({ ...route({}), apiVersion: "gateway.networking.k8s.io/v2" }).errors;
  assert.equal(version?.path, "apiVersion");
  assert.match(
    version?.message ?? "",
    /^expected one of "gateway.networking.k8s.io\/v1".* for kind HTTPRoute, got/,
  );
});

test("all that no canonical JSON exists for is refused, wherever it stands", () => {
  const labelled = (labels: JsonObject): JsonObject => ({ ...route({}), metadata: { name: "shop", labels } });
  assertErrors(labelled({ a: "\ud800" }), ["Invalid metadata.labels.a"]);
  assertErrors({ ...route({}), status: { "\udc00": 1 } }, ["Invalid status"]);
  assertErrors({ ...route({}), status: { n: Number.POSITIVE_INFINITY } }, ["Invalid status.n"]);
  let deep: JsonValue = {};
  for (let level = 0; level < 100_000; level++) deep = { deep };
  const { errors } = validateObject({ ...route({}), status: deep });
  assert.match(errors[0]?.message ?? "", /at most 64 levels/);
});

test("a member named __proto__ is a member like any other", () => {
  const data = JSON.parse('{"__proto__": "x"}') as JsonObject;
  const { object, errors } = validateObject({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a" },
    data,
  });
  assert.deepEqual(errors, []);
  assert.ok(Object.hasOwn(object.data as JsonObject, "__proto__"));
  const spec = JSON.parse('{"__proto__": {"rules": []}, "constructor": 1}') as JsonObject;
  assertErrors(route(spec), ["UnknownField spec.__proto__", "UnknownField spec.constructor"]);
});

test(`errors are sorted by path, indexes as numbers, and at most ${FIELD_ERRORS_MAX}`, () => {
  const listeners = Array.from({ length: 12 }, (_, index) => ({
    name: `l${index}`,
    port: 0,
    hostname: `h${index}.example`,
    protocol: "HTTP",
  }));
  const paths = validateObject(gateway(listeners)).errors.map((error) => error.path);
  assert.deepEqual(
    paths,
    listeners.map((_, index) => `spec.listeners[${index}].port`),
  );
  const rules = Array.from({ length: 3000 }, () => "x");
  assert.equal(validateObject(route({ rules })).errors.length, FIELD_ERRORS_MAX);
});

function assertErrors(object: JsonObject, expected: readonly string[]): void {
  assert.deepEqual(
    validateObject(object).errors.map((error) => `${error.code} ${error.path}`),
    expected,
  );
}

function route(spec: JsonObject): JsonObject {
  return { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", metadata: { name: "shop" }, spec };
}

function gateway(listeners: JsonValue, addresses?: JsonValue): JsonObject {
  const spec: JsonObject = { gatewayClassName: "routeledger", listeners };
  if (addresses !== undefined) spec.addresses = addresses;
  return { apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: "web" }, spec };
}
