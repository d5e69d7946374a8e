import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareSpecificity, coveringNames, covers, intersect, parseHostname } from "./hostnames.ts";

test("rule G7: the intersection is the more specific name, and a wildcard never covers the bare apex", () => {
  equal(intersect("*.example.com", "a.b.example.com"), "a.b.example.com");
  equal(intersect("a.example.com", "*.example.com"), "a.example.com");
  equal(intersect("*.example.com", "example.com"), undefined);
  equal(intersect("*.example.com", "*.b.example.com"), "*.b.example.com");
  equal(intersect("*.com", "*.example.com"), "*.example.com");
  equal(intersect("*", "*.example.com"), "*.example.com");
  equal(intersect("*.example.com", "test.example.net"), undefined);
  equal(intersect("*.ample.com", "a.example.com"), undefined);
});

test("rule G20: exact names stand before wildcards, longer before shorter, and no name last", () => {
  const names = ["*", "*.com", "a.io", "*.example.com", "b.example.com"];
  deepEqual(names.sort(compareSpecificity), ["b.example.com", "a.io", "*.example.com", "*.com", "*"]);
});

test("rule G21: hostnames are compared in lower case, and what is none is refused", () => {
  equal(parseHostname("Example.COM"), "example.com");
  equal(parseHostname("*.A.b"), "*.a.b");
  for (const text of ["", "*", "a..b", "*.", "a.*.b", "-a.b", "a_b.c", "a".repeat(254)])
    equal(parseHostname(text), undefined, text);
});

const label = fc.constantFrom("a", "b", "c");
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const name = fc.oneof(
  host,
  host.map((text) => `*.${text}`),
  fc.constant("*"),
);

test("the covering names of a name are exactly those that cover it, most specific first", () => {
  fc.assert(
    fc.property(name, name, (narrow, candidate) => {
      equal(coveringNames(narrow).includes(candidate), covers(candidate, narrow));
      deepEqual([...coveringNames(narrow)].sort(compareSpecificity), coveringNames(narrow));
    }),
  );
});

test("rule G7: intersection does not depend on the order of the names, and is covered by both", () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      const both = intersect(a, b);
      equal(both, intersect(b, a));
      if (both !== undefined) deepEqual([covers(a, both), covers(b, both)], [true, true]);
    }),
  );
});
