import type { JsonValue } from "@routeledger/std";
import { checkValue } from "./check-value.ts";
import { describeSchema } from "./describe-schema.ts";
import { displayValue, FieldErrors, type FieldPath } from "./field-error.ts";
import type { Schema } from "./schema.ts";

/** Adds the errors of allOf, anyOf, oneOf and not. */
export function checkBranches(value: JsonValue, schema: Schema, path: FieldPath, errors: FieldErrors): void {
  for (const branch of schema.allOf ?? []) errors.addAll(errorsOf(value, branch, path));
  if (schema.anyOf !== undefined) {
    const tried = schema.anyOf.map((branch) => errorsOf(value, branch, path));
    if (tried.every((branch) => branch.count > 0)) addNearest(value, tried, path, errors);
  }
  if (schema.oneOf !== undefined) {
    const tried = schema.oneOf.map((branch) => errorsOf(value, branch, path));
    const accepting = tried.filter((branch) => branch.count === 0).length;
    if (accepting === 0) addNearest(value, tried, path, errors);
    if (accepting > 1) {
      const expected = `exactly one of ${tried.length} alternatives to hold`;
      errors.add(path, { code: "Invalid", expected, actual: `${accepting} that hold` });
    }
  }
  if (schema.not !== undefined && errorsOf(value, schema.not, path).count === 0) {
    const expected = `anything but ${describeSchema(schema.not)}`;
    errors.add(path, { code: "Forbidden", expected, actual: displayValue(value) });
  }
}

function errorsOf(value: JsonValue, branch: Schema, path: FieldPath): FieldErrors {
  const errors = new FieldErrors();
  checkValue(value, branch, path, { errors, structural: false });
  return errors;
}

/**
 * Of alternatives that all fail: one error with all that would do, when each speaks of this value itself;
 * else the errors of the one that was meant, by the field that chooses it (an enum) and the fewest errors.
 */
function addNearest(
  value: JsonValue,
  tried: readonly FieldErrors[],
  path: FieldPath,
  errors: FieldErrors,
): void {
  if (tried.every((branch) => branch.allAt(path))) {
    const expected = [...new Set(tried.flatMap((branch) => branch.expectations()))].join(" or ");
    const code = tried.every((branch) => branch.has("TypeInvalid")) ? "TypeInvalid" : "Invalid";
    errors.add(path, { code, expected, actual: displayValue(value) });
    return;
  }
  const distance = (branch: FieldErrors) =>
    branch.count + (branch.has("NotSupported") || branch.has("Forbidden") ? 1000 : 0);
  const nearest = tried.toSorted((a, b) => distance(a) - distance(b))[0];
  if (nearest !== undefined) errors.addAll(nearest);
}
