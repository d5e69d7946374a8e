import { equal, match } from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../problem.ts";
import { checkPattern, patternLengthMax, quotePattern } from "./regular-expression.ts";

function verdict(pattern: string): string {
  const checked = checkPattern("path", pattern);
  return checked instanceof Problem ? checked.message : "served";
}

for (const pattern of [
  "/v[0-9]+/.*",
  "(a+)+b",
  "\\Q*\\E",
  "\\x41\\x{7f}\\0\\101",
  "(?i)kelvin",
  ".{100}",
  "\\\\pL",
]) {
  test(`rule G28: ${pattern} is served`, () => equal(verdict(pattern), "served"));
}

for (const pattern of ["", "(", "a{1001}", "(?=a)", "\\1", "[z-a]", "a**"]) {
  test(`rule G28: ${JSON.stringify(pattern)}, which RE2 does not take, is refused`, () =>
    match(verdict(pattern), /is empty|no regular expression in RE2 syntax/));
}

for (const pattern of [
  "ä",
  "\\pL",
  "\\p{Greek}",
  "[\\PN]",
  "\\x{80}",
  "\\xff",
  "\\777",
  "\\200",
  "(?P<é>a)",
  "\\Qé\\E",
]) {
  test(`rule G28: ${pattern}, which Envoys read in two ways, is refused`, () =>
    match(verdict(pattern), /only ASCII is/));
}

for (const pattern of [".{1000}", "[^a]{500}", "(.{20}){20}", "(?i)k{900}"]) {
  test(`rule G29: ${pattern} is refused, its program is larger than a proxy takes`, () =>
    match(verdict(pattern), /too large a program/));
}

test("rule G29: the longest pattern that is served", () => {
  equal(verdict("x".repeat(patternLengthMax)), "served");
  match(verdict("x".repeat(patternLengthMax + 1)), /longer than 512/);
});

test("rule G52: quoted text is taken literally", () => {
  equal(quotePattern("/a.b*(c)"), "/a\\.b\\*\\(c\\)");
});
