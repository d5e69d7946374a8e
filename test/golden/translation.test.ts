import { deepEqual, equal, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseApiVersion, validateStatus } from "@routeledger/config-model";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { translateAll, translatorVersion } from "@routeledger/translation";
import {
  caseOutputs,
  caseState,
  committedOutputs,
  digestOfInput,
  digestOfOutputs,
  type GoldenRecord,
  goldenCases,
  recordFile,
} from "./translation-case.ts";

const record = JSON.parse(readFileSync(recordFile, "utf8")) as GoldenRecord;

test("the golden files are those of the active translator version", () => {
  equal(record.translatorVersion, translatorVersion);
  deepEqual(Object.keys(record.cases), goldenCases());
  ok(goldenCases().length >= 10);
});

for (const name of goldenCases()) {
  test(`golden ${name}: the translation is what was reviewed`, () => {
    const outputs = caseOutputs(name);
    const committed = committedOutputs(name);
    for (const [file, text] of outputs) equal(committed.get(file), text, `${name}/${file}`);
    deepEqual([...committed.keys()], [...outputs.keys()].sort());
    deepEqual(record.cases[name], { input: digestOfInput(name), output: digestOfOutputs(outputs) });
  });

  test(`golden ${name}: each status is one that an API server accepts`, () => {
    const state = caseState(name);
    for (const [key, status] of translateAll(state).statuses) {
      const [group = "", kind = "", namespace = "", objectName = ""] = key.split("/");
      const version = state.objects.get(`${group}/${kind}`)?.get(namespace)?.get(objectName)?.version ?? "";
      const timed = withTimes(status) as JsonObject;
      deepEqual(validateStatus({ ...parseApiVersion(`${group}/${version}`), kind }, timed), [], key);
    }
  });
}

/** Conditions need a lastTransitionTime, which `publish` adds. */
function withTimes(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withTimes);
  if (typeof value !== "object" || value === null) return value;
  const timed = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withTimes(member)]));
  return "observedGeneration" in value ? { ...timed, lastTransitionTime: "2026-01-01T00:00:00Z" } : timed;
}
