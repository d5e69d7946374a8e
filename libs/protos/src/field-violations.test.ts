import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldViolations, type MessageName, type MessageTypes, packAny, violationsMax } from "./protos.ts";
import { allMessageNames } from "./schema.ts";

/** Paths and rules of what is found. */
function found<Name extends MessageName>(name: Name, message: MessageTypes[Name]): string[] {
  return fieldViolations(name, message).map(({ path, rule }) => `${path}: ${rule}`);
}

const cluster = "envoy.config.cluster.v3.Cluster";
const virtualHost = "envoy.config.route.v3.VirtualHost";
const headerValue = "envoy.config.core.v3.HeaderValue";

test("the rules of every message of the descriptor are known", () => {
  const withViolations = allMessageNames().filter((name) => {
    // An empty message compiles all checks of its own fields.
    return fieldViolations(name as "google.protobuf.Empty", {}).length > 0;
  });
  assert.ok(withViolations.length > 150, `${withViolations.length} messages refuse to be empty`);
});

test("a valid message has no violations", () => {
  assert.deepEqual(
    found(cluster, { name: "a", connectTimeout: { seconds: 5 }, lbPolicy: "MAGLEV", type: 3 }),
    [],
  );
  const routes = [
    { match: { prefix: "/" }, route: { cluster: "a", timeout: { seconds: 0 } } },
    { match: { safeRegex: { regex: "/a.*" } }, directResponse: { status: 500 } },
  ];
  assert.deepEqual(found(virtualHost, { name: "a", domains: ["*"], routes }), []);
});

test("string.min_len: an unset string is an empty one", () => {
  assert.deepEqual(fieldViolations(cluster, {}), [
    { path: "name", rule: "string.min_len", message: "length must be at least 1, is 0" },
  ]);
});

test("violations in lists name the index, and come in the order of fields", () => {
  const routes = [{ match: { prefix: "/" }, route: {} }, { directResponse: { status: 99 } }];
  assert.deepEqual(found(virtualHost, { name: "a", domains: [], routes }), [
    "domains: repeated.min_items",
    "routes[0].route.cluster_specifier: oneof.required",
    "routes[1].match: message.required",
    "routes[1].directResponse.status: uint32.gte",
  ]);
});

test("oneof.required: one member must be set, its default counts as set", () => {
  const match = "envoy.config.route.v3.RouteMatch";
  assert.deepEqual(found(match, {}), ["path_specifier: oneof.required"]);
  assert.deepEqual(found(match, { prefix: "" }), []);
});

test("durations: gt and gte with seconds and nanoseconds, required", () => {
  assert.deepEqual(found(cluster, { name: "a", connectTimeout: {} }), ["connectTimeout: duration.gt"]);
  assert.deepEqual(found(cluster, { name: "a", connectTimeout: { nanos: 1 } }), []);
  assert.deepEqual(found(cluster, { name: "a", dnsRefreshRate: { nanos: 1_000_000 } }), [
    "dnsRefreshRate: duration.gt",
  ]);
  const check = { unhealthyThreshold: { value: 1 }, healthyThreshold: { value: 1 }, tcpHealthCheck: {} };
  assert.deepEqual(found("envoy.config.core.v3.HealthCheck", check), [
    "timeout: duration.required",
    "interval: duration.required",
  ]);
});

test("rules of numbers hold for the value in a wrapper, and not when it is unset", () => {
  const detection = "envoy.config.cluster.v3.OutlierDetection";
  assert.deepEqual(found(detection, {}), []);
  assert.deepEqual(found(detection, { maxEjectionPercent: { value: 100 } }), []);
  assert.deepEqual(found(detection, { maxEjectionPercent: { value: 101 } }), [
    "maxEjectionPercent: uint32.lte",
  ]);
  const ring = "envoy.config.cluster.v3.Cluster.RingHashLbConfig";
  assert.deepEqual(found(ring, { minimumRingSize: { value: 8_388_609 } }), ["minimumRingSize: uint64.lte"]);
  assert.deepEqual(found("envoy.type.v3.Percent", { value: Number.NaN }), [
    "value: double.gte",
    "value: double.lte",
  ]);
});

test("enum.defined_only and enum.not_in, by number and by name", () => {
  assert.deepEqual(found(cluster, { name: "a", lbPolicy: 77 }), ["lbPolicy: enum.defined_only"]);
  const source = { resourceApiVersion: 77, ads: {} };
  assert.deepEqual(found("envoy.config.core.v3.ConfigSource", source), [
    "resourceApiVersion: enum.defined_only",
  ]);
  const status = "envoy.type.v3.HttpStatus";
  assert.deepEqual(found(status, { code: "OK" }), []);
  assert.deepEqual(found(status, { code: "Empty" }), ["code: enum.not_in"]);
  assert.deepEqual(found(status, {}), ["code: enum.not_in"]);
});

test("header names and values that are not strict keep NUL, CR and LF out, strict ones all that HTTP forbids", () => {
  assert.deepEqual(found(headerValue, { key: "x y", value: "a" }), []);
  assert.deepEqual(found(headerValue, { key: "x\r\n", value: "a\u0000" }), [
    "key: string.well_known_regex",
    "value: string.well_known_regex",
  ]);
  const strict = "envoy.config.core.v3.AlternateProtocolsCacheOptions.AlternateProtocolsCacheEntry";
  assert.deepEqual(found(strict, { hostname: "a.example.com", port: 443 }), []);
  assert.deepEqual(found(strict, { hostname: "", port: 443 }), [], "ignore_empty");
  assert.deepEqual(found(strict, { hostname: "a b", port: 443 }), ["hostname: string.well_known_regex"]);
});

test("string.max_bytes counts bytes, string.min_len code points", () => {
  assert.deepEqual(found(headerValue, { key: "k".repeat(16_384), value: "é".repeat(8192) }), []);
  assert.deepEqual(found(headerValue, { key: "k", value: "é".repeat(8193) }), ["value: string.max_bytes"]);
});

test("string.in, for each item of a list", () => {
  const filter = "envoy.config.accesslog.v3.ResponseFlagFilter";
  assert.deepEqual(found(filter, { flags: ["UH", "NR"] }), []);
  assert.deepEqual(found(filter, { flags: ["UH", "??"] }), ["flags[1]: string.in"]);
});

test("string.pattern: a path match must not hold a query", () => {
  const match = "envoy.config.route.v3.RouteMatch";
  assert.deepEqual(found(match, { pathSeparatedPrefix: "/a" }), []);
  for (const pathSeparatedPrefix of ["/a/", "/a?b", "/"]) {
    assert.deepEqual(found(match, { pathSeparatedPrefix }), ["pathSeparatedPrefix: string.pattern"]);
  }
});

test("repeated.unique and repeated.max_items", () => {
  const redirect = "envoy.config.route.v3.InternalRedirectPolicy";
  assert.deepEqual(found(redirect, { responseHeadersToCopy: ["a", "b"] }), []);
  assert.deepEqual(found(redirect, { responseHeadersToCopy: ["a", "a"] }), [
    "responseHeadersToCopy: repeated.unique",
  ]);
  assert.deepEqual(found(redirect, { redirectResponseCodes: [301, 302, 303, 304, 307, 308] }), [
    "redirectResponseCodes: repeated.max_items",
  ]);
});

test("a required member of a oneof is not required while another member is set", () => {
  assert.deepEqual(found("envoy.config.route.v3.RouteMatch", { prefix: "/" }), []);
  assert.deepEqual(found("envoy.config.route.v3.RouteMatch", { safeRegex: {} }), [
    "safeRegex.regex: string.min_len",
  ]);
});

test("bool.const and map rules", () => {
  const permission = "envoy.config.rbac.v3.Permission";
  assert.deepEqual(found(permission, { any: true }), []);
  assert.deepEqual(found(permission, { any: false }), ["any: bool.const"]);
  const empty = { name: "a", typedExtensionProtocolOptions: {} };
  assert.deepEqual(found(cluster, empty), []);
  assert.deepEqual(found("envoy.config.core.v3.Metadata", { filterMetadata: { "": {} } }), [
    'filterMetadata[""]: map.keys.string.min_len',
  ]);
});

test("messages in an Any that the descriptor knows are checked, others are passed over", () => {
  const manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const typedConfig = packAny(manager, { rds: { routeConfigName: "r" } });
  const listener = { filterChains: [{ filters: [{ name: "hcm", typedConfig }] }] };
  const place = `filterChains[0].filters[0].typedConfig(${manager})`;
  assert.deepEqual(found("envoy.config.listener.v3.Listener", listener), [
    `${place}.statPrefix: string.min_len`,
    `${place}.rds.configSource: message.required`,
  ]);
  const broken = {
    name: "x",
    typedConfig: { typeUrl: typedConfig.typeUrl, value: new Uint8Array([0x0a, 9]) },
  };
  assert.deepEqual(found("envoy.config.core.v3.TypedExtensionConfig", broken), [
    `typedConfig(${manager}): any.decode`,
  ]);
  const unknown = {
    name: "x",
    typedConfig: { typeUrl: "type.googleapis.com/a.B", value: new Uint8Array([9]) },
  };
  assert.deepEqual(found("envoy.config.core.v3.TypedExtensionConfig", unknown), []);
  assert.deepEqual(found("envoy.config.core.v3.TypedExtensionConfig", {}), [
    "name: string.min_len",
    "typedConfig: any.required",
  ]);
});

test("no more than violationsMax are given", () => {
  const routes = Array.from({ length: 300 }, () => ({}));
  assert.equal(fieldViolations(virtualHost, { name: "a", domains: ["*"], routes }).length, violationsMax);
});
