import assert from "node:assert/strict";
import { test } from "node:test";
import { RE2JS } from "re2js";
import { knownKinds, schemaFor, statusSchemaFor } from "./catalog.ts";
import { INTEGER_RANGES, STRING_FORMATS } from "./formats.ts";
import type { Schema } from "./schema.ts";

test("the known kinds are Gateway API's, Envoy Gateway's Backend, the core ones and our own, in order", () => {
  assert.deepEqual(
    knownKinds().map(({ group, kind, versions }) => `${group}/${kind} ${versions.join(",")}`),
    [
      "/ConfigMap v1",
      "/Namespace v1",
      "/Secret v1",
      "/Service v1",
      "discovery.k8s.io/EndpointSlice v1",
      "gateway.envoyproxy.io/Backend v1alpha1",
      "gateway.networking.k8s.io/BackendTLSPolicy v1,v1alpha3",
      "gateway.networking.k8s.io/GRPCRoute v1",
      "gateway.networking.k8s.io/Gateway v1,v1beta1",
      "gateway.networking.k8s.io/GatewayClass v1,v1beta1",
      "gateway.networking.k8s.io/HTTPRoute v1,v1beta1",
      "gateway.networking.k8s.io/ListenerSet v1",
      "gateway.networking.k8s.io/ReferenceGrant v1beta1,v1",
      "gateway.networking.k8s.io/TCPRoute v1,v1alpha2",
      "gateway.networking.k8s.io/TLSRoute v1,v1alpha2,v1alpha3",
      "gateway.networking.k8s.io/UDPRoute v1,v1alpha2",
      "routeledger.dev/Extension v1alpha1",
    ],
  );
});

test("kubectl's words for a kind are unique, and known for gtw, gc and svc", () => {
  const words = knownKinds().flatMap((info) => [info.plural, info.singular, ...info.shortNames]);
  assert.equal(new Set(words).size, words.length);
  for (const word of ["gtw", "gc", "svc", "ns", "httproutes", "refgrant", "ext"])
    assert.ok(words.includes(word), word);
});

test("each served version of each kind has a schema, and an unknown one none", () => {
  for (const { group, kind, versions } of knownKinds()) {
    for (const version of versions) assert.ok(schemaFor({ group, version, kind }) !== undefined);
  }
  assert.equal(schemaFor({ group: "", version: "v1", kind: "Pod" }), undefined);
});

test("every pattern of every schema is RE2, and every format is one that is checked", () => {
  let patterns = 0;
  for (const schema of allSchemas()) {
    if (schema.pattern !== undefined) {
      assert.ok(RE2JS.compile(schema.pattern));
      patterns++;
    }
    const { format } = schema;
    if (format !== undefined) assert.ok(format in STRING_FORMATS || format in INTEGER_RANGES, format);
    const names = schema.propertyNames?.format;
    if (names !== undefined) assert.ok(names in STRING_FORMATS, names);
  }
  assert.ok(patterns > 400, `over 400 patterns, got ${patterns}`);
});

test("every default of every schema is accepted by that schema's type and enum", () => {
  for (const schema of allSchemas()) {
    if (schema.default === undefined || schema.enum === undefined) continue;
    assert.ok(schema.enum.includes(schema.default), JSON.stringify(schema));
  }
});

function allSchemas(): Schema[] {
  const found: Schema[] = [];
  const visit = (schema: Schema): void => {
    found.push(schema);
    const { properties = {}, items, additionalProperties, not, allOf = [], anyOf = [], oneOf = [] } = schema;
    for (const child of [...Object.values(properties), ...allOf, ...anyOf, ...oneOf]) visit(child);
    for (const child of [items, additionalProperties, not]) if (typeof child === "object") visit(child);
  };
  for (const { group, kind, versions } of knownKinds()) {
    for (const version of versions) {
      const gvk = { group, version, kind };
      visit(schemaFor(gvk)!);
      visit(statusSchemaFor(gvk) ?? {});
    }
  }
  return found;
}
