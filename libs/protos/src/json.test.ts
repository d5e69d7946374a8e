import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@routeledger/std";
import {
  codec,
  fromJson,
  Malformed,
  type MessageName,
  type MessageTypes,
  packAny,
  toJson,
} from "./protos.ts";

/** What is shown reads back to the same bytes, and is shown again as it was. */
function showsAs<Name extends MessageName>(name: Name, message: MessageTypes[Name], json: JsonValue): void {
  assert.deepEqual(toJson(name, message), json);
  assert.deepEqual(codec(name).encode(fromJson(name, json)), codec(name).encode(message));
  assert.deepEqual(toJson(name, codec(name).decode(codec(name).encode(message)) as MessageTypes[Name]), json);
}

function refuses(name: MessageName, json: JsonValue, message: RegExp): void {
  assert.throws(
    () => fromJson(name, json),
    (error: unknown) => error instanceof Malformed && message.test(error.message),
    `${name} takes ${JSON.stringify(json)}`,
  );
}

test("fields have lowerCamelCase names, defaults are left out, enums are names", () => {
  const message = { name: "x", type: "EDS", lbPolicy: 0, respectDnsTtl: true, dnsLookupFamily: 2 } as const;
  showsAs("envoy.config.cluster.v3.Cluster", message, {
    type: "EDS",
    respectDnsTtl: true,
    name: "x",
    dnsLookupFamily: "V6_ONLY",
  } as JsonValue);
  assert.deepEqual(Object.keys(toJson("envoy.config.cluster.v3.Cluster", message) as object), [
    "name",
    "type",
    "dnsLookupFamily",
    "respectDnsTtl",
  ]);
});

test("names of the source are read, one field under two names is refused", () => {
  const name = "envoy.config.cluster.v3.Cluster";
  assert.deepEqual(fromJson(name, { lb_policy: "MAGLEV" }), { lbPolicy: 5 });
  assert.deepEqual(fromJson("envoy.config.cluster.v3.OutlierDetection", { consecutive_5xx: 3 }), {
    consecutive5xx: { value: 3 },
  });
  refuses(name, { lb_policy: "MAGLEV", lbPolicy: "MAGLEV" }, /at lbPolicy: the field is given twice/);
});

test("an unknown field is refused with its path", () => {
  const json = { filterChains: [{ filters: [{ name: "a" }, { nmae: "b" }] }] };
  refuses(
    "envoy.config.listener.v3.Listener",
    json,
    /at filterChains\[0\]\.filters\[1\]\.nmae: .*no such field/,
  );
  refuses("envoy.config.listener.v3.Listener", { constructor: {} }, /no such field/);
});

test("null means unset, but not inside lists and maps", () => {
  assert.deepEqual(fromJson("envoy.config.cluster.v3.Cluster", { name: null, connectTimeout: null }), {});
  refuses(
    "envoy.config.route.v3.VirtualHost",
    { domains: [null] },
    /at domains\[0\]: expected a value, found null/,
  );
  refuses(
    "envoy.config.core.v3.Metadata",
    { filterMetadata: { a: null } },
    /at filterMetadata\["a"\]: expected a value/,
  );
});

test("enums are read as names or numbers, unknown numbers are shown as numbers", () => {
  const name = "envoy.config.cluster.v3.Cluster";
  assert.deepEqual(fromJson(name, { lbPolicy: 5 }), { lbPolicy: 5 });
  assert.deepEqual(toJson(name, { lbPolicy: 77 }), { lbPolicy: 77 });
  refuses(name, { lbPolicy: "SIDEWAYS" }, /expected a value of .*LbPolicy, found "SIDEWAYS"/);
  refuses(name, { lbPolicy: 1.5 }, /expected int32/);
});

test("two members of a oneof are refused, a null one does not count", () => {
  const name = "envoy.config.core.v3.DataSource";
  refuses(name, { filename: "a", inlineString: "b" }, /filename of the same oneof/);
  assert.deepEqual(fromJson(name, { filename: null, inlineString: "b" }), { inlineString: "b" });
  showsAs(name, { inlineString: "" }, { inlineString: "" });
});

test("64-bit integers are strings and read from both, 32-bit integers keep to their range", () => {
  showsAs("google.protobuf.Int64Value", { value: -(2 ** 40) }, "-1099511627776");
  showsAs("google.protobuf.UInt64Value", { value: 2 ** 53 - 1 }, "9007199254740991");
  assert.deepEqual(fromJson("google.protobuf.UInt64Value", 5), { value: 5 });
  assert.deepEqual(fromJson("google.protobuf.UInt32Value", "7"), { value: 7 });
  assert.deepEqual(fromJson("google.protobuf.Int32Value", "1e5"), { value: 100_000 });
  refuses("google.protobuf.UInt64Value", "18446744073709551615", /beyond 2\^53 are not supported/);
  for (const bad of [1.5, -1, 2 ** 32, "", " 1", "0x1", "abc", true, "1.5"]) {
    refuses("google.protobuf.UInt32Value", bad, /expected uint32/);
  }
});

test("floats: shortest decimals, NaN and infinities as strings, nothing beyond the range", () => {
  const single = codec("google.protobuf.FloatValue");
  assert.equal(toJson("google.protobuf.FloatValue", single.decode(single.encode({ value: 0.1 }))), 0.1);
  showsAs("google.protobuf.FloatValue", { value: 3.4028234663852886e38 }, 3.4028235e38);
  showsAs("google.protobuf.DoubleValue", { value: 0.1 }, 0.1);
  showsAs("google.protobuf.DoubleValue", { value: Number.NaN }, "NaN");
  showsAs("google.protobuf.DoubleValue", { value: Number.NEGATIVE_INFINITY }, "-Infinity");
  showsAs("google.protobuf.DoubleValue", { value: -0 }, "-0");
  showsAs("envoy.type.v3.Percent", { value: -0 }, { value: "-0" });
  assert.deepEqual(fromJson("google.protobuf.DoubleValue", "-2.5e-3"), { value: -0.0025 });
  refuses("google.protobuf.FloatValue", 1e39, /expected float/);
  refuses("google.protobuf.DoubleValue", "inf", /expected double/);
});

test("strings, booleans, bytes: base64 of both alphabets, with and without padding", () => {
  showsAs("google.protobuf.StringValue", { value: "é\u0000" }, "é\u0000");
  showsAs("google.protobuf.BoolValue", { value: true }, true);
  showsAs("google.protobuf.BytesValue", { value: new Uint8Array([251, 255]) }, "+/8=");
  for (const text of ["+/8", "-_8=", "-_8"]) {
    assert.deepEqual(fromJson("google.protobuf.BytesValue", text), { value: new Uint8Array([251, 255]) });
  }
  refuses("google.protobuf.BytesValue", "a", /expected base64/);
  refuses("google.protobuf.BytesValue", "a b=", /expected base64/);
  refuses("google.protobuf.BoolValue", "true", /expected true or false/);
  refuses("google.protobuf.StringValue", 1, /expected a string/);
});

test("wrappers are bare values, zero included", () => {
  showsAs(
    "envoy.config.cluster.v3.OutlierDetection",
    { consecutive5xx: { value: 0 } },
    { consecutive5xx: 0 },
  );
  assert.equal(toJson("google.protobuf.StringValue", {}), "");
  assert.equal(toJson("google.protobuf.BoolValue", {}), false);
});

test("durations have no, 3, 6 or 9 digits after the point, and one sign", () => {
  const shown: [number, number, string][] = [
    [1, 500_000_000, "1.500s"],
    [0, 0, "0s"],
    [3, 1000, "3.000001s"],
    [0, 1, "0.000000001s"],
    [0, -500_000_000, "-0.500s"],
    [-315_576_000_000, 0, "-315576000000s"],
  ];
  for (const [seconds, nanos, text] of shown) showsAs("google.protobuf.Duration", { seconds, nanos }, text);
  assert.deepEqual(fromJson("google.protobuf.Duration", "1.5s"), { seconds: 1, nanos: 500_000_000 });
  for (const bad of ["1.5", "1m", "s", ".5s", "1.0000000001s", "315576000001s", "+1s", 5]) {
    refuses("google.protobuf.Duration", bad, /expected a duration such as "1\.5s"/);
  }
  assert.throws(() => toJson("google.protobuf.Duration", { seconds: 1, nanos: -1 }), /not a valid one/);
});

test("timestamps are RFC 3339 in UTC, read with any offset", () => {
  showsAs(
    "google.protobuf.Timestamp",
    { seconds: 63_108_020, nanos: 21_000_000 },
    "1972-01-01T10:00:20.021Z",
  );
  showsAs("google.protobuf.Timestamp", { seconds: -62_135_596_800 }, "0001-01-01T00:00:00Z");
  showsAs("google.protobuf.Timestamp", { seconds: -1, nanos: 999_999_999 }, "1969-12-31T23:59:59.999999999Z");
  assert.deepEqual(fromJson("google.protobuf.Timestamp", "1970-01-01T01:00:00+01:00"), {
    seconds: 0,
    nanos: 0,
  });
  for (const bad of [
    "1970-01-01",
    "1970-02-30T00:00:00Z",
    "1970-01-01t00:00:00z",
    "0000-01-01T00:00:00Z",
    0,
  ]) {
    refuses("google.protobuf.Timestamp", bad, /expected an RFC 3339 time/);
  }
});

test("field masks are paths in lowerCamelCase, joined by commas", () => {
  showsAs("google.protobuf.FieldMask", { paths: ["user.display_name", "photo"] }, "user.displayName,photo");
  showsAs("google.protobuf.FieldMask", {}, "");
  refuses("google.protobuf.FieldMask", "display_name", /lowerCamelCase/);
  assert.throws(() => toJson("google.protobuf.FieldMask", { paths: ["a__b"] }), Malformed);
});

test("structs are JSON itself, null included", () => {
  const json = { a: null, b: [1, "x", true, { c: [] }], d: {} };
  const message = fromJson("google.protobuf.Struct", json);
  showsAs("google.protobuf.Struct", message, json);
  assert.deepEqual(fromJson("google.protobuf.Value", null), { nullValue: 0 });
  showsAs("google.protobuf.ListValue", { values: [{ nullValue: "NULL_VALUE" }, { numberValue: 2 }] }, [
    null,
    2,
  ]);
  assert.throws(() => toJson("google.protobuf.Value", { numberValue: Number.NaN }), Malformed);
  const unset = fromJson("envoy.config.core.v3.TransportSocket", { typedConfig: null });
  assert.deepEqual(unset, {});
});

test("Any shows its message beside @type, and a well-known type under value", () => {
  const any = "google.protobuf.Any";
  const router = packAny("envoy.extensions.filters.http.router.v3.Router", { suppressEnvoyHeaders: true });
  showsAs(any, router, { "@type": router.typeUrl, suppressEnvoyHeaders: true });
  const duration = packAny("google.protobuf.Duration", { seconds: 1 });
  showsAs(any, duration, { "@type": duration.typeUrl, value: "1s" });
  const nested = packAny(any, duration);
  showsAs(any, nested, { "@type": nested.typeUrl, value: { "@type": duration.typeUrl, value: "1s" } });
  const empty = packAny("google.protobuf.Empty", {});
  showsAs(any, empty, { "@type": empty.typeUrl });
  assert.deepEqual(fromJson(any, { "@type": empty.typeUrl, value: {} }), empty);
  showsAs(any, {}, {});
});

test("Any of a type that the descriptor lacks keeps its bytes, and refuses fields", () => {
  const unknown = { typeUrl: "type.googleapis.com/a.B", value: new Uint8Array([1, 2]) };
  showsAs("google.protobuf.Any", unknown, { "@type": unknown.typeUrl, value: "AQI=" });
  refuses("google.protobuf.Any", { "@type": "type.googleapis.com/a.B", name: "x" }, /a\.B is not known/);
  refuses("google.protobuf.Any", { name: "x" }, /at \["@type"\]: expected a type URL/);
});

test("a misfit inside an Any names the whole path", () => {
  const typedConfig = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
    dynamicStats: "yes",
  };
  const json = { filterChains: [{ filters: [{ typedConfig }] }] };
  refuses(
    "envoy.config.listener.v3.Listener",
    json,
    /at filterChains\[0\]\.filters\[0\]\.typedConfig\(envoy.*\.Router\)\.dynamicStats: expected true or false, found "yes"/,
  );
});

test("maps have strings as keys, sorted", () => {
  const message = { filterMetadata: { b: {}, a: { fields: { __proto__x: { boolValue: true } } } } };
  showsAs("envoy.config.core.v3.Metadata", message, { filterMetadata: { a: { __proto__x: true }, b: {} } });
  const shown = toJson("envoy.config.core.v3.Metadata", message) as { filterMetadata: object };
  assert.deepEqual(Object.keys(shown.filterMetadata), ["a", "b"]);
});

test("what Envoy marks as sensitive is redacted when asked, also inside an Any", () => {
  const tls = packAny("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
    commonTlsContext: {
      tlsCertificates: [
        { certificateChain: { inlineString: "public" }, privateKey: { inlineString: "private" } },
      ],
    },
  });
  const socket = { name: "tls", typedConfig: tls };
  const shown = JSON.stringify(
    toJson("envoy.config.core.v3.TransportSocket", socket, { redactSensitive: true }),
  );
  assert.match(shown, /"certificateChain":\{"inlineString":"public"\}/);
  assert.match(shown, /"privateKey":\{"inlineString":"\[redacted\]"\}/);
  assert.doesNotMatch(shown, /"private"/);
  assert.match(JSON.stringify(toJson("envoy.config.core.v3.TransportSocket", socket)), /"private"/);
});
