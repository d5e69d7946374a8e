import type { JsonValue } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import type { CelRule, Schema } from "../schema.ts";
import { type CelValue, celEqual } from "./cel-value.ts";

/** The part of a schema that has CEL rules. */
export interface RulePlan {
  readonly rules: readonly CelRule[];
  /** Whether a rule here or below compares with the former value. */
  readonly transitions: boolean;
  readonly items: RulePlan | undefined;
  readonly allOf: readonly RulePlan[];
  /** Of the members that the schema names. */
  readonly properties: readonly (readonly [string, RulePlan])[];
  /** Of all members, where the object is a map. */
  readonly values: RulePlan | undefined;
  /** The item of the former list that is this one's: only items of a list map can be told apart. */
  formerItem(item: JsonValue, old: JsonValue | undefined): JsonValue | undefined;
}

const plans = new WeakMap<Schema, RulePlan | "none">();

/** The plan of a schema, undefined when it has no rules. Made on first use. */
export function rulePlan(schema: Schema): RulePlan | undefined {
  let plan = plans.get(schema);
  if (plan === undefined) {
    plan = makePlan(schema) ?? "none";
    plans.set(schema, plan);
  }
  return plan === "none" ? undefined : plan;
}

function makePlan(schema: Schema): RulePlan | undefined {
  const rules = schema["x-kubernetes-validations"] ?? [];
  const items = schema.items && rulePlan(schema.items);
  const values =
    typeof schema.additionalProperties === "object" ? rulePlan(schema.additionalProperties) : undefined;
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const plan = rulePlan(property);
    return plan === undefined ? [] : [[name, plan] as const];
  });
  const allOf = (schema.allOf ?? []).flatMap((branch) => rulePlan(branch) ?? []);
  const below = [
    ...properties.map(([, plan]) => plan),
    ...allOf,
    ...[items, values].filter((plan) => plan !== undefined),
  ];
  if (rules.length + below.length === 0) return undefined;
  return {
    rules,
    transitions: rules.some(({ rule }) => rule.includes("oldSelf")) || below.some((plan) => plan.transitions),
    items,
    allOf,
    properties,
    values,
    formerItem: itemFinder(schema),
  };
}

function itemFinder(schema: Schema): RulePlan["formerItem"] {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || keys === undefined) return () => undefined;
  const keyOf = (item: JsonValue): CelValue => (isObject(item) ? keys.map((key) => item[key] ?? null) : null);
  return (item, old) => {
    if (!Array.isArray(old)) return undefined;
    const key = keyOf(item);
    return old.find((candidate) => isObject(candidate) && celEqual(keyOf(candidate), key));
  };
}
