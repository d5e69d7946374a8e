import assert from "node:assert/strict";
import { test } from "node:test";
import { ageOf, formatAge } from "./age.ts";

test("ages are written as kubectl writes them", () => {
  const seconds: readonly [number, string][] = [
    [-3, "0s"],
    [119, "119s"],
    [120, "2m"],
    [200, "3m20s"],
    [45 * 60 + 10, "45m"],
    [7 * 3600 + 12 * 60, "7h12m"],
    [30 * 3600, "30h"],
    [3 * 86_400 + 4 * 3600, "3d4h"],
    [21 * 86_400, "21d"],
  ];
  for (const [age, text] of seconds) assert.equal(formatAge(age * 1000), text);
});

test("what is no time has no known age", () => {
  assert.equal(ageOf(undefined, 0), "<unknown>");
  assert.equal(ageOf("2026-11-21T10:00:00Z", Date.parse("2026-11-21T10:00:05Z")), "5s");
});
