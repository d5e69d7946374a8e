import { canonicalJson, type JsonValue } from "@routeledger/std";
import { isObject } from "./apply-defaults.ts";
import { type CheckContext, checkValue } from "./check-value.ts";
import { displayValue, type FieldErrors, type FieldPath } from "./field-error.ts";
import type { Schema } from "./schema.ts";

/** Adds the errors of a list: its length, each item, and items that repeat where the list is a set or a map. */
export function checkList(
  list: readonly JsonValue[],
  schema: Schema,
  path: FieldPath,
  context: CheckContext,
): void {
  const { minItems, maxItems, items } = schema;
  if (minItems !== undefined && list.length < minItems) {
    context.errors.add(path, {
      code: "Invalid",
      expected: `at least ${counted(minItems)}`,
      actual: counted(list.length),
    });
  }
  if (maxItems !== undefined && list.length > maxItems) {
    context.errors.add(path, {
      code: "TooMany",
      expected: `at most ${counted(maxItems)}`,
      actual: counted(list.length),
    });
  }
  if (items !== undefined) {
    for (const [index, item] of list.entries())
      checkValue(item, items, { parent: path, segment: index }, context);
  }
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "set") checkUnique(list, (item) => item, path, context.errors);
  if (listType === "map") {
    const keys = schema["x-kubernetes-list-map-keys"] ?? [];
    checkUnique(list, (item) => keyOf(item, keys), path, context.errors);
  }
}

/** What tells an item of a list map apart; undefined when it has none of the keys, or is no object. */
function keyOf(item: JsonValue, keys: readonly string[]): JsonValue | undefined {
  if (!isObject(item)) return undefined;
  const present = keys.filter((key) => Object.hasOwn(item, key));
  return present.length === 0
    ? undefined
    : Object.fromEntries(present.map((key) => [key, item[key] as JsonValue]));
}

function checkUnique(
  list: readonly JsonValue[],
  identity: (item: JsonValue) => JsonValue | undefined,
  path: FieldPath,
  errors: FieldErrors,
): void {
  const first = new Map<string, number>();
  // One error for each repeated key: a list of copies must not push other errors out of the report.
  const reported = new Set<string>();
  for (const [index, item] of list.entries()) {
    const key = identity(item);
    if (key === undefined) continue;
    const text = canonicalJson(key);
    const earlier = first.get(text);
    if (earlier === undefined) first.set(text, index);
    else if (!reported.has(text)) {
      reported.add(text);
      errors.add(
        { parent: path, segment: index },
        {
          code: "Duplicate",
          expected: `a value that item ${earlier} does not have`,
          actual: isObject(key) ? text : displayValue(key),
        },
      );
    }
  }
}

function counted(items: number): string {
  return items === 1 ? "1 item" : `${items} items`;
}
