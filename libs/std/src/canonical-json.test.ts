import { equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "./canonical-json.ts";

test("RFC 8785 section 3.2: names in UTF-16 order, no blanks, numbers as ECMAScript writes them", () => {
  const value = {
    numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0],
    string: '€$\u000f\nA\'B"\\\\"/',
    literals: [null, true, false],
  };
  equal(
    canonicalJson(value),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("RFC 8785 section 3.2.3: sorts by code units, not by code points", () => {
  equal(
    canonicalJson({ "\u{1F600}": 1, "\uFB33": 2, "\u20ac": 3, "1": 4 }),
    '{"1":4,"\u20ac":3,"\u{1F600}":1,"\uFB33":2}',
  );
});

test("what has no canonical form is a programmer's error", () => {
  throws(() => canonicalJson(Number.NaN), /finite number/);
  throws(() => canonicalJson("\ud800"), /lone surrogate/);
});
