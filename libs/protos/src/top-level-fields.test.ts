import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, fromHex } from "@routeledger/std";
import fc from "fast-check";
import { codec } from "./codec.ts";
import { topLevelFields } from "./top-level-fields.ts";

const { encode } = codec("envoy.config.cluster.v3.Cluster");

function reason(hex: string): string {
  const fields = topLevelFields(fromHex(hex));
  return "illFormed" in fields ? fields.illFormed : "well-formed";
}

test("a message is cut into its fields in their order; numbers have no value", () => {
  const message = encode({ name: "a", connectTimeout: { seconds: 300 }, type: "EDS", altStatName: "b" });
  const fields = topLevelFields(message);
  ok(!("illFormed" in fields));
  deepEqual(
    fields.map(({ number, value }) => [
      number,
      value === undefined ? "number" : Buffer.from(value).toString("hex"),
    ]),
    [
      [1, "61"],
      [2, "number"],
      [4, "08ac02"],
      [28, "62"],
    ],
  );
});

test("fields of a fixed size are passed over, and what comes behind them is found", () => {
  const fields = topLevelFields(fromHex("0d01020304" + "110102030405060708" + "1a0161"));
  ok(!("illFormed" in fields));
  deepEqual(
    fields.map(({ number, value }) => [number, value?.length]),
    [
      [1, undefined],
      [2, undefined],
      [3, 1],
    ],
  );
});

test("bytes that are no message say where", () => {
  equal(reason("0a05616263"), "field 1 of 5 bytes is cut off");
  equal(reason("0a"), "field 1 has no end");
  equal(reason("08ff"), "field 1 has no end");
  equal(reason("0d0102"), "field 1 is cut off");
  equal(reason("00"), "no field begins at byte 0");
  equal(reason("0b0c"), "no field begins at byte 1");
  equal(reason("0affffffffffffffffff01"), "field 1 of 18446744073709552000 bytes is cut off");
  equal(reason("ffffffffffffffffffffff"), "no field begins at byte 0");
  equal(reason(""), "well-formed");
});

test("each prefix of a message is cut up to a field's end, or ill-formed; any bytes are one of both", () => {
  const message = concatBytes([encode({ name: "a".repeat(200) }), encode({ altStatName: "b" })]);
  const wellFormed = [...message.keys()].filter(
    (end) => !("illFormed" in topLevelFields(message.subarray(0, end))),
  );
  deepEqual(wellFormed, [0, 203]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const fields = topLevelFields(bytes);
      return (
        "illFormed" in fields ||
        fields.every(({ value }) => value === undefined || value.length < bytes.length)
      );
    }),
  );
});
