import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { knownKinds, schemaFor, statusSchemaFor } from "../catalog.ts";
import { type FieldError, FieldErrors } from "../field-error.ts";
import type { CelRule, Schema } from "../schema.ts";
import { validateObject } from "../validate-object.ts";
import { validateStatus } from "../validate-status.ts";
import { checkRules } from "./check-rules.ts";
import { type RuleCase, ruleCases, shadowedRules } from "./rule-cases.ts";

/** Every served version of every kind with a CRD. */
const versions = knownKinds()
  .filter(({ group }) => group !== "")
  .flatMap(({ group, kind, versions: served }) => served.map((version) => ({ group, version, kind })));

for (const rule of ruleCases) {
  test(`P7: ${rule.kind} ${rule.at}: ${rule.message}`, () => {
    const { at, message, beside = [] } = rule;
    const ruled = versions.filter((gvk) => rulesOf(rule, gvk).length === 1);
    assert.ok(ruled.length > 0, "no version of the kind has the rule there");
    for (const gvk of ruled) {
      const refused = errorsOf(rule, gvk, rule.refused);
      const own = refused.filter((error) => error.path === at && error.message.startsWith(message));
      assert.equal(own.length, 1, JSON.stringify(refused));
      assert.equal(own[0]?.code, "Invalid");
      const others = refused.filter((error) => error !== own[0]).map(({ code, path }) => `${code} ${path}`);
      assert.deepEqual(others, beside);
      assert.deepEqual(errorsOf(rule, gvk, rule.accepted), []);
    }
  });
}

for (const { rule, refused, accepted } of shadowedRules) {
  test(`P7: what something else refuses first, on its own: ${rule}`, () => {
    const schema = { "x-kubernetes-validations": [{ rule }] };
    for (const [value, count] of [
      [refused, 1],
      [accepted, 0],
    ] as const) {
      const errors = new FieldErrors();
      checkRules(value, schema, { errors });
      assert.equal(errors.count, count);
    }
  });
}

test("P7: every CEL rule of every known CRD has a case in which it refuses, and one in which it does not", () => {
  const covered = new Set(shadowedRules.map(({ rule }) => rule));
  for (const rule of ruleCases) {
    for (const gvk of versions) for (const source of rulesOf(rule, gvk)) covered.add(source);
  }
  const all = new Set(versions.flatMap((gvk) => rulesIn(wholeSchema(gvk))));
  assert.ok(all.size >= 99, `at least 99 rules, got ${all.size}`);
  assert.deepEqual(
    [...all].filter((rule) => !covered.has(rule)),
    [],
  );
});

function errorsOf(
  { at, existing }: RuleCase,
  gvk: { group: string; version: string; kind: string },
  fields: JsonObject,
): FieldError[] {
  if (at.startsWith("status.")) return validateStatus(gvk, fields);
  const object = (spec: JsonObject): JsonObject => ({
    apiVersion: `${gvk.group}/${gvk.version}`,
    kind: gvk.kind,
    metadata: { name: "a" },
    spec,
  });
  return validateObject(object(fields), { existing: existing && object(existing) }).errors;
}

function wholeSchema(gvk: { group: string; version: string; kind: string }): Schema {
  const schema = schemaFor(gvk)!;
  const status = statusSchemaFor(gvk);
  return status === undefined ? schema : { ...schema, properties: { ...schema.properties, status } };
}

/** The rule that a case is of, in a version of its kind; none where that has it not. */
function rulesOf(
  { kind, at, message }: RuleCase,
  gvk: { group: string; version: string; kind: string },
): string[] {
  if (gvk.kind !== kind) return [];
  const rules = rulesAt(wholeSchema(gvk), at).filter((rule) => rule.message?.startsWith(message));
  return rules.map(({ rule }) => rule);
}

/** The rules that stand at a path of an object. */
function rulesAt(schema: Schema, path: string): readonly CelRule[] {
  let at: Schema | undefined = schema;
  for (const step of path.replaceAll(/\[\d+\]/g, ".[]").split(".")) {
    at = step === "[]" ? at?.items : at?.properties?.[step];
  }
  return at?.["x-kubernetes-validations"] ?? [];
}

function rulesIn(schema: Schema): string[] {
  const values = typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
  const items = schema.items === undefined ? [] : [schema.items];
  const below = [...Object.values(schema.properties ?? {}), ...items, ...values, ...(schema.allOf ?? [])];
  return [...(schema["x-kubernetes-validations"] ?? []).map(({ rule }) => rule), ...below.flatMap(rulesIn)];
}
