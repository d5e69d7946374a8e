import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@routeledger/std";
import { knownKinds, schemaFor } from "../catalog.ts";
import { CelSyntaxError } from "./cel-tokens.ts";
import { CelBudgetError, CelError, type CelValue } from "./cel-value.ts";
import { CelFrame, compileCel } from "./compile-cel.ts";

test("literals, operators and their precedence are those of CEL", () => {
  assertTrue("1 + 2 * 3 == 7 && 7 / 2 == 3 && -7 / 2 == -3 && 7 % 4 == 3 && 0x10 == 16");
  assertTrue("1 < 2 == true && !(2 <= 1) && 'a' < 'b' && 2 >= 2 && 2 != 3");
  assertTrue("true || false && false");
  assertTrue("(false ? 1 : true ? 2 : 3) == 2");
  assertTrue("[1, 2] + [3] == [1, 2, 3] && 'a' + 'b' == 'ab'");
  assertTrue("{'a': 1, 'b': [true]}['b'][0]");
  assertTrue("1 in [1, 2] && !('1' in [1, 2]) && 'a' in {'a': null}");
  assertTrue("1 != '1' && null == null && [1] != [1, 2] && {'a': 1} == {'a': 1}");
});

test("strings are written in all of CEL's ways", () => {
  assertTrue(String.raw`'a\'b' == "a'b" && "\x41\u00e9\U0001F600\101" == 'Aé😀A'`);
  assertTrue(String.raw`r"\." == '\\.' && r"""a"b\""" == 'a"b\\' && '''a'b''' == "a'b"`);
  assertTrue("'a' // a comment\n == 'a'");
});

test("macros see lists by item and maps by key, and may stand in one another", () => {
  const self = { list: [1, 2, 3], map: { a: 1, b: 2 } };
  assertTrue("self.list.all(x, self.list.exists(y, x == y))", self);
  assertTrue("self.list.exists_one(x, x > 2) && !self.list.exists_one(x, x > 1)", self);
  assertTrue("self.list.filter(x, x > 1).map(x, x * 2) == [4, 6]", self);
  assertTrue("self.map.all(k, k in ['a', 'b']) && self.map.exists(k, self.map[k] == 2)", self);
  assertTrue("self.list.all(x, self.map.all(x, x != '') && x > 0)", self);
  assertTrue("has(self.map) && !has(self.other) && has(self.map.a)", self);
});

test("an error vanishes when the other side decides, in either order, and stands when it does not", () => {
  assertTrue("self.missing == 1 || true", {});
  assertTrue("true || self.missing == 1", {});
  assertTrue("!(self.missing == 1 && false)", {});
  assertTrue("[1, 2].exists(x, x == 2 || self.missing)", {});
  assertTrue("![1, 2].all(x, x == 2 ? false : self.missing)", {});
  assertError("self.missing == 1 && true", /no such key: missing/, {});
  assertError("[1, 2].all(x, self.missing)", /no such key: missing/, {});
  assertError("[1, 2].exists_one(x, x == 1 || self.missing)", /no such key: missing/, {});
});

test("what has no value is an error: a missing key, an index out of bounds, types that do not fit, overflow", () => {
  assertError("self.a.b", /no such key: a/, {});
  assertError("has(self.a.b)", /no such key: a/, {});
  assertError("self[1]", /index out of bounds: 1/, ["x"]);
  assertError("self[-1]", /index out of bounds: -1/, ["x"]);
  assertError("self ? true : false", /no such overload/, "x");
  assertError("self < 1", /no such overload/, "x");
  assertError("self.all(x, x)", /no such overload/, "x");
  assertError("self.a", /no such overload/, ["a"]);
  assertError("1 / 0", /division by zero/);
  assertError("9007199254740991 + 1", /integer overflow/);
  assertError("self.toString", /no such key: toString/, {});
  assertError("self['__proto__']", /no such key: __proto__/, {});
});

test("functions count code points, and read durations and addresses as Go does", () => {
  assertTrue("size('😀a') == 2 && '😀a'.size() == 2 && size([1]) == 1 && {'a': 1}.size() == 1");
  assertTrue("'😀ab'.substring(1) == 'ab' && 'abc'.substring(1, 2) == 'b' && 'abc'.substring(3) == ''");
  assertError("'abc'.substring(4)", /index out of range: 4/);
  assertTrue("'a/b/c'.split('/') == ['a', 'b', 'c'] && ''.split('/')[0] == ''");
  assertTrue("'abc'.contains('b') && 'abc'.startsWith('ab') && 'abc'.endsWith('bc')");
  assertTrue("'xaby'.matches('a.') && !'xaby'.matches('^a') && 'A'.matches('^(?i)a$')");
  assertTrue("duration('1h30m') == duration('90m') && duration('1.5s') > duration('1499ms')");
  assertTrue("duration('-1s') < duration('0s') && duration('0') == duration('0s')");
  for (const wrong of ["", "1", "h", "1 s", "1d", "s1", "9999999999h", "1s-1s"]) {
    assertError(`duration('${wrong}')`, /invalid duration/);
  }
  assertTrue(
    "isIP('10.0.0.1') && isIP('::1') && !isIP('::ffff:1.2.3.4') && !isIP('010.0.0.1') && !isIP('a')",
  );
});

test("a word of CEL stands for itself where it is written as Kubernetes escapes it", () => {
  assertTrue("self.__namespace__ == 'a' && has(self.__in__)", { namespace: "a", in: 1 });
  assertTrue("self.a__dash__b == 1 && self.x__dot__y__slash__z == 2", { "a-b": 1, "x.y/z": 2 });
  assertTrue("self.__other__ == 1", { __other__: 1 });
});

test("a regular expression that takes a backtracking engine exponential time is answered at once", () => {
  assertTrue("!self.matches('^(a+)+$')", `${"a".repeat(5000)}!`);
});

test("steps are bounded: turns of loops, and characters that are looked at", () => {
  const program = compileCel("self.all(a, self.all(b, a == b || 'xxxxxxxxxx'.contains('y') || true))");
  const self = Array.from({ length: 100 }, (_, index) => index);
  const evaluate = (steps: number) => {
    const frame = new CelFrame(steps);
    frame.slots[0] = self;
    return program.evaluate(frame);
  };
  assert.equal(evaluate(100 + 100 * 100 + 9900 * 10), true);
  assert.throws(() => evaluate(100 + 100 * 100 + 9900 * 10 - 1), CelBudgetError);
});

test("what is no CEL, or is not supported, is refused before it is evaluated", () => {
  for (const source of [
    "",
    "1 +",
    "'a",
    "self.",
    "[1",
    "{'a' 1}",
    "1.5",
    "1u",
    "b'a'",
    "a b",
    "'\\q'",
    "in",
  ]) {
    assert.throws(() => compileCel(source), CelSyntaxError, source);
  }
  for (const source of [
    "other",
    "self.lower()",
    "has(self)",
    "size()",
    "self.matches(self)",
    "x.all(x, true)",
  ]) {
    assert.throws(() => compileCel(source), CelError, source);
  }
  assert.throws(() => compileCel(`${"(".repeat(1000)}1${")".repeat(1000)}`), CelSyntaxError);
  assert.throws(() => compileCel(`${"!".repeat(1000)}true`), CelSyntaxError);
});

test("a rule says whether it compares with the former value", () => {
  assert.equal(compileCel("self == oldSelf").usesOldSelf, true);
  assert.equal(compileCel("self.all(x, [oldSelf].exists(y, y == x))").usesOldSelf, true);
  assert.equal(compileCel("self.oldSelf == 'oldSelf'").usesOldSelf, false);
});

test("every rule of every known CRD compiles", () => {
  const sources = knownKinds().flatMap(({ group, kind, versions }) =>
    versions.flatMap((version) => {
      const text = JSON.stringify(schemaFor({ group, version, kind }));
      return [...text.matchAll(/"(?:rule|messageExpression)":("(?:[^"\\]|\\.)*")/g)].map(
        ([, source]) => JSON.parse(source!) as string,
      );
    }),
  );
  assert.ok(sources.length >= 300, `at least 300 rules, got ${sources.length}`);
  for (const source of new Set(sources)) compileCel(source);
});

function evaluate(source: string, self: JsonValue): CelValue {
  const frame = new CelFrame(1_000_000);
  frame.slots[0] = self;
  return compileCel(source).evaluate(frame);
}

function assertTrue(source: string, self: JsonValue = null): void {
  assert.equal(evaluate(source, self), true, source);
}

function assertError(source: string, message: RegExp, self: JsonValue = null): void {
  assert.throws(
    () => evaluate(source, self),
    (error) => error instanceof CelError && message.test(error.message),
    source,
  );
}
