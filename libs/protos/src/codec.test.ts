import assert from "node:assert/strict";
import { test } from "node:test";
import protobuf from "protobufjs";
import descriptor from "./generated/descriptor.json" with { type: "json" };
import {
  codec,
  enumName,
  enumValues,
  Malformed,
  methodPath,
  packAny,
  serviceMethods,
  typeNameOf,
  unknownFields,
  unpackAny,
  unpackAnyAs,
} from "./protos.ts";
import { allMessageNames, messageOf } from "./schema.ts";

const cluster = codec("envoy.config.cluster.v3.Cluster");

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

test("a message encodes to the bytes that protobufjs makes of it", () => {
  const reference = protobuf.Root.fromJSON(structuredClone(descriptor) as never).lookupType(cluster.typeName);
  const message = {
    name: "service/default/a/80",
    type: "EDS",
    connectTimeout: { seconds: 5, nanos: 250_000_000 },
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: "V3" }, serviceName: "é" },
    perConnectionBufferLimitBytes: { value: 32_768 },
    ringHashLbConfig: { minimumRingSize: { value: 2 ** 40 } },
    commonLbConfig: { healthyPanicThreshold: { value: 12.5 } },
  } as const;
  const expected = reference.encode(reference.fromObject(message)).finish();
  assert.deepEqual([...cluster.encode(message)], [...expected]);
});

test("every message of the descriptor has an encoder and a decoder, and an empty one has no bytes", () => {
  const names = allMessageNames();
  assert.ok(names.length > 600, `${names.length} messages`);
  for (const name of names) {
    const any = codec(name as "google.protobuf.Empty");
    assert.equal(any.encode({}).length, 0, name);
    assert.equal(any.encode(any.decode(new Uint8Array(0))).length, 0, name);
  }
});

test("the order of properties and of map keys does not change the bytes", () => {
  const one = { metadata: { filterMetadata: { b: {}, a: {} } }, name: "x" };
  const other = { name: "x", metadata: { filterMetadata: { a: {}, b: {} } } };
  assert.deepEqual(cluster.encode(one), cluster.encode(other));
  assert.deepEqual(Object.keys(cluster.decode(cluster.encode(one)).metadata?.filterMetadata ?? {}), [
    "a",
    "b",
  ]);
});

test("map keys that look like numbers are ordered as strings", () => {
  const bytes = cluster.encode({ metadata: { filterMetadata: { "9": {}, "10": {} } } });
  assert.ok(Buffer.from(bytes).indexOf("10") < Buffer.from(bytes).indexOf("9"));
});

test("a default of a field without presence is left out, of a field with presence it is not", () => {
  assert.equal(cluster.encode({ name: "", respectDnsTtl: false, lbPolicy: 0, healthChecks: [] }).length, 0);
  assert.deepEqual(cluster.encode({ type: "STATIC" }), hex("10 00"));
  assert.deepEqual(codec("envoy.config.core.v3.DataSource").encode({ inlineString: "" }), hex("1a 00"));
});

test("decoding fills in defaults and leaves unset messages and members of a oneof out", () => {
  const decoded = cluster.decode(new Uint8Array(0));
  assert.equal(decoded.name, "");
  assert.equal(decoded.lbPolicy, 0);
  assert.deepEqual(decoded.healthChecks, []);
  assert.ok(!("type" in decoded));
  assert.ok(!("connectTimeout" in decoded));
});

test("an enum is encoded from its name or number and decoded to its number, known or not", () => {
  assert.deepEqual(cluster.encode({ lbPolicy: "MAGLEV" }), cluster.encode({ lbPolicy: 5 }));
  assert.equal(cluster.decode(cluster.encode({ lbPolicy: 77 })).lbPolicy, 77);
  assert.equal(enumValues("envoy.config.cluster.v3.Cluster.DiscoveryType").EDS, 3);
  assert.equal(enumName("envoy.config.cluster.v3.Cluster.DiscoveryType", 3), "EDS");
  assert.throws(() => cluster.encode({ lbPolicy: "SIDEWAYS" as "MAGLEV" }), /expected a value of .*LbPolicy/);
});

test("of a oneof that comes twice on the wire the last member stays", () => {
  const source = codec("envoy.config.core.v3.DataSource");
  const bytes = new Uint8Array([
    ...source.encode({ filename: "f" }),
    ...source.encode({ inlineString: "s" }),
  ]);
  assert.deepEqual(source.decode(bytes), { inlineString: "s" });
});

test("two members of a oneof in one object are a programmer's error", () => {
  const source = codec("envoy.config.core.v3.DataSource");
  assert.throws(() => source.encode({ filename: "f", inlineString: "s" }), /at most one of oneof/);
});

test("a message field that comes twice is merged, so joined encodings decode to the merged message", () => {
  const bytes = [{ connectTimeout: { seconds: 1 } }, { connectTimeout: { nanos: 2 } }].map((m) =>
    cluster.encode(m),
  );
  const decoded = cluster.decode(new Uint8Array(bytes.flatMap((part) => [...part])));
  assert.deepEqual(decoded.connectTimeout, { seconds: 1, nanos: 2 });
});

test("a route table decodes equally from one encoding and from its shell followed by its virtual hosts", () => {
  const table = codec("envoy.config.route.v3.RouteConfiguration");
  const hosts = ["a", "b"].map((name) => ({ name, domains: [`${name}.example.com`] }));
  const shell = table.encode({ name: "http/80", validateClusters: { value: false } });
  const joined = [shell, ...hosts.map((host) => table.encode({ virtualHosts: [host] }))].flatMap((b) => [
    ...b,
  ]);
  const whole = table.encode({ name: "http/80", validateClusters: { value: false }, virtualHosts: hosts });
  assert.deepEqual(table.decode(new Uint8Array(joined)), table.decode(whole));
});

test("packed and unpacked lists are both read, and written packed", () => {
  const list = codec("envoy.config.route.v3.RetryPolicy");
  assert.deepEqual(list.encode({ retriableStatusCodes: [500, 503] }), hex("3a 04 f4 03 f7 03"));
  assert.deepEqual(list.decode(hex("38 f4 03 38 f7 03")).retriableStatusCodes, [500, 503]);
});

test("negative and 64-bit integers survive up to 2^53, and wider ones are refused", () => {
  const int64 = codec("google.protobuf.Int64Value");
  const uint64 = codec("google.protobuf.UInt64Value");
  for (const value of [0, -1, 2 ** 32, -(2 ** 40), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    assert.equal(int64.decode(int64.encode({ value })).value, value);
  }
  assert.equal(uint64.decode(uint64.encode({ value: 2 ** 53 - 1 })).value, 2 ** 53 - 1);
  assert.throws(() => uint64.decode(hex("08 ff ff ff ff ff ff ff ff ff 01")), Malformed);
  assert.throws(() => uint64.encode({ value: -1 }), /expected uint64/);
  assert.throws(() => codec("google.protobuf.UInt32Value").encode({ value: 2 ** 32 }), /expected uint32/);
});

test("fields that the descriptor lacks are dropped, or kept when asked, and encoded again", () => {
  const bytes = new Uint8Array([...cluster.encode({ name: "x" }), ...hex("fa 3f 02 68 69")]);
  assert.deepEqual(cluster.encode(cluster.decode(bytes)), cluster.encode({ name: "x" }));
  const kept = cluster.decode(bytes, { keepUnknownFields: true });
  assert.deepEqual(cluster.encode(kept), bytes);
  assert.deepEqual(cluster.encode({ ...kept }), bytes);
  assert.ok(unknownFields in kept);
});

test("truncated and ill-formed bytes are refused", () => {
  const bytes = cluster.encode({ name: "abc", connectTimeout: { seconds: 5 } });
  const cuts = [...bytes.keys()].slice(1).filter((cut) => cut !== 5);
  const refused = cuts.filter((cut) => {
    try {
      cluster.decode(bytes.subarray(0, cut));
      return false;
    } catch (error) {
      return error instanceof Malformed;
    }
  });
  assert.deepEqual(refused, cuts, "every cut that is not between two fields");
  assert.throws(() => cluster.decode(hex("0a 05 61")), Malformed);
  assert.throws(() => cluster.decode(hex("02 00")), Malformed, "field number 0");
  assert.throws(() => cluster.decode(hex("08 01")), /expected wire type 2/);
});

test("more than 100 messages inside each other are refused", () => {
  let value: Uint8Array = new Uint8Array(0);
  const list = codec("google.protobuf.ListValue");
  for (let depth = 0; depth < 60; depth++) {
    const length = (bytes: Uint8Array): number[] => [...new protobuf.Writer().uint32(bytes.length).finish()];
    const inner = [0x32, ...length(value), ...value];
    value = new Uint8Array([0x0a, ...length(new Uint8Array(inner)), ...inner]);
  }
  assert.throws(() => list.decode(value), /more than 100 messages/);
});

test("decoded bytes are a copy of their own", () => {
  const bytes = codec("google.protobuf.BytesValue").encode({ value: hex("01 02") });
  const { value } = codec("google.protobuf.BytesValue").decode(bytes);
  bytes.fill(0);
  assert.deepEqual(value, hex("01 02"));
});

test("a map key __proto__ is a key like any other", () => {
  const bytes = codec("google.protobuf.Struct").encode(
    JSON.parse('{"fields": {"__proto__": {"boolValue": true}}}') as object,
  );
  const { fields } = codec("google.protobuf.Struct").decode(bytes);
  assert.deepEqual(Object.keys(fields), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(fields), Object.prototype);
});

test("Any packs and unpacks what the descriptor knows", () => {
  const any = packAny("envoy.extensions.filters.http.router.v3.Router", { suppressEnvoyHeaders: true });
  assert.equal(any.typeUrl, "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router");
  assert.equal(unpackAnyAs("envoy.extensions.filters.http.router.v3.Router", any).suppressEnvoyHeaders, true);
  assert.equal(unpackAny(any)?.typeName, "envoy.extensions.filters.http.router.v3.Router");
  assert.equal(unpackAny({ typeUrl: "type.googleapis.com/a.B", value: new Uint8Array(0) }), undefined);
  assert.throws(() => unpackAnyAs("google.protobuf.Empty", any), /expected google.protobuf.Empty/);
  assert.equal(typeNameOf("type.googleapis.com/constructor"), undefined);
});

test("services say their paths, messages and streams", () => {
  const service = "envoy.service.discovery.v3.AggregatedDiscoveryService";
  assert.equal(methodPath(service, "DeltaAggregatedResources"), `/${service}/DeltaAggregatedResources`);
  assert.deepEqual(serviceMethods(service)[0], {
    name: "StreamAggregatedResources",
    path: `/${service}/StreamAggregatedResources`,
    requestType: "envoy.service.discovery.v3.DiscoveryRequest",
    responseType: "envoy.service.discovery.v3.DiscoveryResponse",
    requestStream: true,
    responseStream: true,
  });
  const clusterService = serviceMethods("envoy.service.cluster.v3.ClusterDiscoveryService");
  assert.deepEqual(
    clusterService.map((method) => method.name),
    ["StreamClusters", "DeltaClusters", "FetchClusters"],
  );
});

test("field names follow protoc's JSON names and keep the names of the source", () => {
  const outlier = messageOf("envoy.config.cluster.v3.OutlierDetection");
  assert.equal(outlier.fieldsByName.get("consecutive5xx")?.protoName, "consecutive_5xx");
  assert.equal(outlier.fieldsByName.get("consecutive_5xx")?.name, "consecutive5xx");
});

test("a property that is no field of the message is a programmer's error", () => {
  assert.throws(() => cluster.encode({ nmae: "x" } as object), /expected a field of the message, found nmae/);
});
