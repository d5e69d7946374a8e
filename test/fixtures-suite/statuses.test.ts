/**
 * Our statuses beside those that Envoy Gateway gives to the same objects: the same conditions with the same reasons,
 * counts and kinds. Where ours are others, status-differences.yaml says why they are right. Run by
 * `make test-fixtures`.
 */
import { deepEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { displayRef, refOf } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { translateAll } from "@routeledger/translation";
import { type Difference, ListedDifferences } from "./listed-differences.ts";
import { readStatusCase, statusCases } from "./status-case.ts";
import { allConditions, statusFacts } from "./status-facts.ts";

const list = ListedDifferences.read(join(import.meta.dirname, "status-differences.yaml"));
const cases = statusCases().map((name) => {
  const read = readStatusCase(name);
  return { ...read, statuses: translateAll(read.state).statuses };
});

test("the statuses of Envoy Gateway's cases are ours, but for what is listed", (context) => {
  const compared = cases.flatMap((one) => compareCase(one));
  const differences = compared.filter(({ theirs, ours }) => theirs !== ours);
  const problems = list.check(differences);
  ok(problems.length === 0, problems.join("\n"));
  ok(cases.length >= 110, `at least 110 cases, got ${cases.length}`);
  ok(compared.length >= 1_500, `at least 1500 facts, got ${compared.length}`);
  tell(context, compared);
});

test("rule G107: each condition of those statuses is of its object's generation", () => {
  for (const { name, statuses } of cases) {
    for (const [key, status] of statuses) {
      const generations = new Set(allConditions(status).map(({ observedGeneration }) => observedGeneration));
      deepEqual([...generations], [1], `${name}: ${key}`);
    }
  }
});

/** Every fact that either side has of an object to which they gave a status. */
function compareCase({ name, expected, statuses }: (typeof cases)[number]): Difference[] {
  return [...expected].flatMap(([key, object]) => {
    const ref = refOf(object);
    const theirs = statusFacts(object.status as JsonObject, ref.namespace);
    const ours = statusFacts(statuses.get(key) ?? {}, ref.namespace);
    const facts = [...new Set([...theirs.keys(), ...ours.keys()])].sort();
    const asked = facts.filter((fact) => theirs.has(fact) || !isDecidedElsewhere(ref.kind, fact));
    return asked.map((fact) => ({
      what: `${name}: ${displayRef(ref)}: ${fact}`,
      theirs: theirs.get(fact) ?? "absent",
      ours: ours.get(fact) ?? "absent",
    }));
  });
}

/** Their translator leaves the conditions of a whole Gateway to another part of theirs, but for bad ones. */
function isDecidedElsewhere(kind: string, fact: string): boolean {
  return kind === "Gateway" && ["Accepted", "Programmed", "ResolvedRefs"].includes(fact);
}

/** What was compared, and what was not. */
function tell(context: TestContext, compared: readonly Difference[]): void {
  const skipped = Map.groupBy(compared, ({ what }) => list.skips(what));
  context.diagnostic(`${skipped.get(undefined)?.length ?? 0} facts compared`);
  for (const [reason, { length }] of skipped)
    if (reason !== undefined) context.diagnostic(`${length} not compared: ${reason}`);
  for (const line of list.summary()) context.diagnostic(line);
}
