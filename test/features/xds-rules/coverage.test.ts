/** Every rule that concerns a server is shown, where it must be; and the page says by what. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { recordScenarios } from "../xds/scenario.ts";
import { variants } from "../xds/variant.ts";
import { findCoverage, pageOf, rulePage, rulesOf } from "./rule-coverage.ts";
import { concerned, rules } from "./rule-list.ts";

const coverage = await findCoverage();

test("a title names the rules that stand before its colon", () => {
  deepEqual(rulesOf("rule 3: x 4"), [3]);
  deepEqual(rulesOf("rule 21 and 27, probe 3 and 4: x"), [21, 27]);
  deepEqual(rulesOf("rules 1, 2 and 34, sotw: x"), [1, 2, 34]);
  deepEqual(rulesOf("[E] rule 29, delta: x"), [29]);
  deepEqual(rulesOf("P4, rule 67 and rule 73: x, rule 5"), [67, 73]);
  deepEqual(rulesOf("rule 22 and 37 without a colon, and 3 times more"), [22, 37]);
  deepEqual(rulesOf("x: rule 3"), []);
});

test("every rule is named by a test of a raw client", () => {
  const missing = rules.filter(({ rule }) => !coverage.a.has(rule));
  deepEqual(
    missing.map(({ rule }) => rule),
    [],
  );
});

test("every rule that a real client can show is named by a test with one", () => {
  const missing = rules.filter(({ rule, columns }) => columns === "a, b" && !coverage.b.has(rule));
  deepEqual(
    missing.map(({ rule }) => rule),
    [],
  );
});

test("no test names a rule that is not in the list", () => {
  const known = new Set(rules.map(({ rule }) => rule));
  equal(known.size, rules.length);
  const named = [...coverage.a.keys(), ...coverage.b.keys()];
  deepEqual(
    named.filter((rule) => !known.has(rule)),
    [],
  );
});

test("every rule is played on each variant that it concerns", async () => {
  const scenarios = recordScenarios();
  for await (const file of glob("*.test.ts", { cwd: import.meta.dirname })) {
    if (file !== "coverage.test.ts") await import(join(import.meta.dirname, file));
  }
  ok(scenarios.length > 100, `the scenarios of the table, got ${scenarios.length}`);
  const played = new Set(
    scenarios.flatMap(({ title, variants: on }) =>
      rulesOf(title).flatMap((rule) => on.map(({ name }) => `${rule} ${name}`)),
    ),
  );
  const missing = rules.flatMap(({ rule, on }) =>
    variants
      .filter((variant) => concerned[on](variant))
      .map(({ name }) => `${rule} ${name}`)
      .filter((needed) => !played.has(needed)),
  );
  deepEqual(missing, []);
});

test("the twelve probes are in the table, each by its number", () => {
  const probes = recordScenarios().flatMap(
    ({ title }) => /, probe ([\d\w and]+):/.exec(title)?.[1]?.split(" and ") ?? [],
  );
  const needed = ["1", "2a", "2b", "3", "4", "5a", "5b", "6", "7", "8", "9", "10", "11", "12"];
  deepEqual(
    needed.filter((probe) => !probes.includes(probe)),
    [],
  );
});

test("the page says what the tests' names say: else run node test/features/xds-rules/write-rule-page.ts", async () => {
  equal(await readFile(rulePage, "utf8"), pageOf(coverage));
});
