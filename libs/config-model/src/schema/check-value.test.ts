import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@routeledger/std";
import { applyDefaults } from "./apply-defaults.ts";
import { checkValue } from "./check-value.ts";
import { FieldErrors } from "./field-error.ts";
import type { Schema } from "./schema.ts";

/** For each keyword a schema, values that it accepts, and values that it refuses with the error they give. */
const KEYWORDS: readonly [keyword: string, Schema, accepted: JsonValue[], refused: [JsonValue, string][]][] =
  [
    ["minLength", { type: "string", minLength: 2 }, ["ab", "ab😀"], [["😀", "Invalid"]]],
    ["maxLength", { type: "string", maxLength: 1 }, ["", "😀"], [["ab", "TooLong"]]],
    ["pattern", { type: "string", pattern: "b" }, ["abc"], [["ac", "Invalid"]]],
    ["format", { type: "string", format: "ipv4" }, ["127.0.0.1"], [["127.1", "TypeInvalid"]]],
    ["an unknown format", { type: "string", format: "whatever" }, ["x"], []],
    ["minimum", { type: "integer", minimum: 1 }, [1], [[0, "Invalid"]]],
    ["maximum", { type: "number", maximum: 1.5 }, [1.5], [[1.6, "Invalid"]]],
    ["int32", { type: "integer", format: "int32" }, [2 ** 31 - 1, -(2 ** 31)], [[2 ** 31, "Invalid"]]],
    ["int64", { type: "integer", format: "int64" }, [2 ** 53 - 1], [[2 ** 53, "Invalid"]]],
    [
      "integer",
      { type: "integer" },
      [1],
      [
        [1.5, "TypeInvalid"],
        ["1", "TypeInvalid"],
      ],
    ],
    ["boolean", { type: "boolean" }, [true], [["true", "TypeInvalid"]]],
    ["nullable", { type: "string", nullable: true }, [null, "a"], [[1, "TypeInvalid"]]],
    ["not nullable", { type: "string" }, ["a"], [[null, "TypeInvalid"]]],
    ["enum", { type: "string", enum: ["a", "b"] }, ["a"], [["c", "NotSupported"]]],
    [
      "int-or-string",
      { "x-kubernetes-int-or-string": true },
      [1, "a"],
      [
        [1.5, "TypeInvalid"],
        [true, "TypeInvalid"],
      ],
    ],
    ["minItems", { type: "array", minItems: 1, items: {} }, [[1]], [[[], "Invalid"]]],
    ["maxItems", { type: "array", maxItems: 1, items: {} }, [[1]], [[[1, 2], "TooMany"]]],
    [
      "set",
      { type: "array", items: {}, "x-kubernetes-list-type": "set" },
      [[1, "1"]],
      [[[1, 2, 1], "Duplicate"]],
    ],
    ["atomic", { type: "array", items: {}, "x-kubernetes-list-type": "atomic" }, [[1, 1]], []],
    [
      "minProperties",
      { type: "object", additionalProperties: {}, minProperties: 1 },
      [{ a: 1 }],
      [[{}, "Invalid"]],
    ],
    [
      "maxProperties",
      { type: "object", additionalProperties: {}, maxProperties: 0 },
      [{}],
      [[{ a: 1 }, "TooMany"]],
    ],
    ["additionalProperties: true", { type: "object", additionalProperties: true }, [{ a: { b: 1 } }], []],
    ["no properties", { type: "object" }, [{}], [[{ a: 1 }, "UnknownField"]]],
    ["allOf", { allOf: [{ minimum: 1 }, { maximum: 2 }] }, [1, 2], [[3, "Invalid"]]],
    ["anyOf", { anyOf: [{ maximum: 1 }, { minimum: 5 }] }, [1, 6], [[3, "Invalid"]]],
    ["oneOf", { oneOf: [{ maximum: 3 }, { minimum: 2 }] }, [1, 4], [[2, "Invalid"]]],
    ["not", { type: "string", not: { enum: ["a"] } }, ["b"], [["a", "Forbidden"]]],
  ];

for (const [keyword, schema, accepted, refused] of KEYWORDS) {
  test(`P7: the schema keyword ${keyword} accepts and refuses what an API server does`, () => {
    for (const value of accepted) assert.deepEqual(codes(value, schema), [], JSON.stringify(value));
    for (const [value, code] of refused)
      assert.deepEqual(codes(value, schema), [code], JSON.stringify(value));
  });
}

test("P7: the keys of a list map may be several, and one that is absent differs from one that is there", () => {
  const schema: Schema = {
    type: "array",
    items: { type: "object", properties: { a: {}, b: {} } },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["a", "b"],
  };
  assert.deepEqual(codes([{ a: 1, b: 1 }, { a: 1, b: 2 }, { a: 1 }], schema), []);
  assert.deepEqual(
    codes(
      [
        { a: 1, b: 1 },
        { b: 1, a: 1 },
      ],
      schema,
    ),
    ["Duplicate"],
  );
});

test("P7: alternatives constrain the fields that they name, and say nothing of the others", () => {
  const schema: Schema = {
    type: "object",
    properties: { a: { type: "string" }, b: { type: "string" } },
    oneOf: [{ required: ["a"] }, { required: ["b"] }],
  };
  assert.deepEqual(codes({ a: "x" }, schema), []);
  assert.deepEqual(codes({}, schema), ["Required"]);
  assert.deepEqual(codes({ a: "x", b: "x" }, schema), ["Invalid"]);
});

test("P7: a default's own members get their defaults too, in objects, lists and maps", () => {
  const inner: Schema = { type: "object", properties: { kind: { type: "string", default: "Same" } } };
  const schema: Schema = {
    type: "object",
    properties: {
      one: { ...inner, default: {} },
      list: { type: "array", items: inner },
      map: { type: "object", additionalProperties: inner },
    },
  };
  assert.deepEqual(applyDefaults({ list: [{}, null], map: { a: {}, b: null } }, schema), {
    list: [{ kind: "Same" }, null],
    map: { a: { kind: "Same" } },
    one: { kind: "Same" },
  });
});

test("P7: null in a map is its values' default, and gone where there is none", () => {
  const map = (values: Schema): Schema => ({ type: "object", additionalProperties: values });
  assert.deepEqual(applyDefaults({ a: null }, map({ type: "string", default: "" })), { a: "" });
  assert.deepEqual(applyDefaults({ a: null }, map({ type: "string" })), {});
});

test("P7: each object gets a default of its own, not a share of the schema's", () => {
  const schema: Schema = { type: "object", properties: { list: { type: "array", items: {}, default: [1] } } };
  const first = applyDefaults({}, schema) as { list: JsonValue[] };
  first.list.push(2);
  assert.deepEqual(applyDefaults({}, schema), { list: [1] });
});

function codes(value: JsonValue, schema: Schema): string[] {
  const errors = new FieldErrors();
  checkValue(value, schema, undefined, { errors, structural: true });
  return errors.sorted().map((error) => error.code);
}
