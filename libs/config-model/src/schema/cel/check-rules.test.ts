import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@routeledger/std";
import { FieldErrors } from "../field-error.ts";
import type { CelRule, Schema } from "../schema.ts";
import { checkRules } from "./check-rules.ts";

test("P7: a rule sees the value that it stands at, wherever that is, and not what is absent or null", () => {
  const short = { type: "string", ...ruled({ rule: "self.size() < 2", message: "short" }) } as const;
  const schema: Schema = {
    properties: {
      a: { items: { properties: { b: short } } },
      map: { additionalProperties: short },
      gone: short,
      nothing: { ...short, nullable: true },
    },
    allOf: [ruled({ rule: "has(self.map)", message: "map" })],
  };
  const value = { a: [{ b: "x" }, { b: "xx" }, {}], map: { "k.l": "yy" }, nothing: null };
  assert.deepEqual(errorsOf(value, schema), ["Invalid a[1].b: short", "Invalid map[k.l]: short"]);
  assert.deepEqual(errorsOf({ a: [] }, schema), ["Invalid : map"]);
});

test("P7: a rule says its error's field, reason and message", () => {
  const wrong = (rule: Partial<CelRule>) => errorsOf({ a: { b: "x" } }, ruled({ rule: "false", ...rule }));
  assert.deepEqual(wrong({}), ["Invalid : failed rule: false"]);
  assert.deepEqual(wrong({ message: " said\n" }), ["Invalid : said"]);
  assert.deepEqual(wrong({ message: "m", fieldPath: ".a.b" }), ["Invalid a.b: m"]);
  assert.deepEqual(wrong({ message: "m", fieldPath: ".a['b.c']" }), ["Invalid a[b.c]: m"]);
  assert.deepEqual(wrong({ message: "m", reason: "FieldValueForbidden" }), ["Forbidden : m"]);
  assert.deepEqual(wrong({ message: "m", reason: "FieldValueRequired" }), ["Required : m"]);
  assert.deepEqual(wrong({ message: "m", reason: "FieldValueDuplicate" }), ["Duplicate : m"]);
  assert.deepEqual(wrong({ message: "m", messageExpression: "'b is ' + self.a.b" }), ["Invalid : b is x"]);
});

test("P7: a message that cannot be made, or is empty or of several lines, is the rule's own", () => {
  for (const messageExpression of ["self.missing", "''", "'  '", "'a\\nb'"]) {
    const schema = ruled({ rule: "false", message: "own", messageExpression });
    assert.deepEqual(errorsOf({}, schema), ["Invalid : own"], messageExpression);
  }
});

test("P7: a rule that cannot be evaluated refuses the object, and says why", () => {
  const schema = ruled({ rule: "self.a == 1", message: "a is 1" });
  assert.deepEqual(errorsOf({}, schema), ["Invalid : no such key: a evaluating rule: a is 1"]);
});

test("P7: a rule about a change is skipped without a former value, and holds for each that can be told", () => {
  const fixed = ruled({ rule: "self == oldSelf", message: "fixed" });
  const schema: Schema = {
    properties: {
      a: fixed,
      map: { additionalProperties: fixed },
      keyed: {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        items: { properties: { name: {}, v: fixed } },
      },
      atomic: { items: { properties: { name: {}, v: fixed } } },
    },
  };
  const before = {
    a: 1,
    map: { x: 1 },
    keyed: [
      { name: "p", v: 1 },
      { name: "q", v: 2 },
    ],
    atomic: [{ name: "p", v: 1 }],
  };
  const after = {
    a: 2,
    map: { x: 2, y: 1 },
    keyed: [
      { name: "q", v: 3 },
      { name: "r", v: 1 },
      { name: "p", v: 1 },
    ],
    atomic: [{ name: "p", v: 2 }],
  };
  assert.deepEqual(errorsOf(after, schema), []);
  assert.deepEqual(errorsOf(after, schema, before), [
    "Invalid a: fixed",
    "Invalid keyed[0].v: fixed",
    "Invalid map.x: fixed",
  ]);
  assert.deepEqual(errorsOf(before, schema, before), []);
  assert.deepEqual(errorsOf({ a: 1 }, schema, { map: {} }), []);
});

test("P7: with optionalOldSelf a rule about a change is asked on create, too", () => {
  const rule = "!oldSelf.hasValue() ? self == 1 : oldSelf.value() <= self && oldSelf.orValue(0) > 0";
  const schema = ruled({ rule, message: "grows from 1", optionalOldSelf: true });
  assert.deepEqual(errorsOf(1, schema), []);
  assert.deepEqual(errorsOf(2, schema), ["Invalid : grows from 1"]);
  assert.deepEqual(errorsOf(3, schema, 2), []);
  assert.deepEqual(errorsOf(1, schema, 2), ["Invalid : grows from 1"]);
});

test("P7: what is as it was is not refused by a rule that came later", () => {
  const schema: Schema = {
    properties: {
      list: { items: { properties: { v: ruled({ rule: "self > 0", message: "positive" }) } } },
      b: ruled({ rule: "self > 0", message: "positive" }),
    },
  };
  const before = { list: [{ v: 0 }], b: 0 };
  assert.deepEqual(errorsOf({ ...before, c: 1 }, schema, before), []);
  assert.deepEqual(errorsOf({ ...before, b: -1 }, schema, before), ["Invalid b: positive"]);
  // The items of a list without keys cannot be told apart: the list is another one.
  assert.deepEqual(errorsOf({ list: [{ v: 0 }, { v: 1 }], b: 0 }, schema, before), [
    "Invalid list[0].v: positive",
  ]);
});

test("an object whose rules take too many steps is refused", () => {
  const schema: Schema = {
    properties: { a: ruled({ rule: "self.all(x, self.all(y, self.all(z, true)))" }) },
  };
  const a = Array.from({ length: 200 }, (_, index) => index);
  assert.match(errorsOf({ a }, schema)[0] ?? "", /^Invalid : expected an object whose rules take at most/);
  assert.deepEqual(errorsOf({ a: a.slice(100) }, schema), []);
});

test("only rules about a change are asked when only those are wanted", () => {
  const schema: Schema = {
    ...ruled({ rule: "self.b == 1", message: "always" }),
    properties: { a: ruled({ rule: "self == oldSelf", message: "fixed" }) },
  };
  const errors = new FieldErrors();
  checkRules({ a: 1, b: 2 }, schema, { errors, existing: { a: 2, b: 1 }, transitionsOnly: true });
  assert.deepEqual(
    errors.sorted().map(({ message }) => message),
    ["fixed"],
  );
});

function ruled(rule: CelRule): Schema {
  return { "x-kubernetes-validations": [rule] };
}

function errorsOf(value: JsonValue, schema: Schema, existing?: JsonValue): string[] {
  const errors = new FieldErrors();
  checkRules(value, schema, { errors, existing });
  return errors.sorted().map(({ code, path, message }) => `${code} ${path}: ${message}`);
}
