import { canonicalJson, type JsonObject, type JsonValue } from "@routeledger/std";
import { displayValue, type FieldErrors } from "../field-error.ts";

/** Adds an error when a field that is set for ever is another one. What it was may be anything. */
export function checkFixed(
  name: string,
  { object, existing, errors }: { object: JsonObject; existing: JsonObject; errors: FieldErrors },
): void {
  if (existing[name] === undefined || isEqual(object[name], existing[name])) return;
  errors.add(
    { parent: undefined, segment: name },
    {
      code: "Invalid",
      expected: `${displayValue(existing[name])} as before: the field cannot change`,
      actual: displayValue(object[name]),
    },
  );
}

/**
 * Adds the errors of a Secret or ConfigMap that was `immutable: true` and is changed.
 * @param fields those that hold its data; a value of them is not shown
 */
export function checkImmutable(
  fields: readonly string[],
  { object, existing, errors }: { object: JsonObject; existing: JsonObject; errors: FieldErrors },
): void {
  if (existing.immutable !== true) return;
  if (object.immutable !== true) {
    errors.add(
      { parent: undefined, segment: "immutable" },
      { code: "Forbidden", expected: "true, as before: it cannot be taken back" },
    );
  }
  for (const name of fields) {
    if (isEqual(object[name] ?? {}, existing[name] ?? {})) continue;
    errors.add(
      { parent: undefined, segment: name },
      { code: "Forbidden", expected: "what it was: the object is immutable" },
    );
  }
}

function isEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}
