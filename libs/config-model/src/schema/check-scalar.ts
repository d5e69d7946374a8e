import { patternWords, rangeWords, typeWords } from "./describe-schema.ts";
import { displayValue, type FieldErrors, type FieldPath } from "./field-error.ts";
import { INTEGER_RANGES, STRING_FORMATS } from "./formats.ts";
import { patternMatches } from "./re2-patterns.ts";
import type { Schema } from "./schema.ts";

/** Adds the errors of a string. A string that is too long is not matched against its pattern. */
export function checkString(value: string, schema: Schema, path: FieldPath, errors: FieldErrors): void {
  const actual = () => (schema.sensitive === true ? undefined : displayValue(value));
  const { minLength, maxLength, format, pattern } = schema;
  const length = minLength === undefined && maxLength === undefined ? 0 : codePoints(value);
  if (maxLength !== undefined && length > maxLength) {
    errors.add(path, {
      code: "TooLong",
      expected: `at most ${maxLength} characters`,
      actual: String(length),
    });
    return;
  }
  if (minLength !== undefined && length < minLength) {
    errors.add(path, { code: "Invalid", expected: `at least ${minLength} characters`, actual: actual() });
    return;
  }
  if (pattern !== undefined && !patternMatches(pattern, value)) {
    errors.add(path, { code: "Invalid", expected: patternWords(pattern), actual: actual() });
  }
  const known = format === undefined ? undefined : STRING_FORMATS[format];
  if (known !== undefined && !known.accepts(value)) {
    errors.add(path, {
      code: known.isType === true ? "TypeInvalid" : "Invalid",
      expected: known.expected,
      actual: actual(),
    });
  }
}

/** Adds the errors of an integer or a number. */
export function checkNumber(value: number, schema: Schema, path: FieldPath, errors: FieldErrors): void {
  const range = schema.format === undefined ? undefined : INTEGER_RANGES[schema.format];
  const low = Math.max(schema.minimum ?? -Infinity, range?.[0] ?? -Infinity);
  const high = Math.min(schema.maximum ?? Infinity, range?.[1] ?? Infinity);
  if (value >= low && value <= high) return;
  const type = typeWords(schema.type === "integer" ? "integer" : "number");
  const expected = rangeWords(type, finite(low), finite(high));
  errors.add(path, { code: "Invalid", expected, actual: displayValue(value) });
}

function finite(bound: number): number | undefined {
  return Number.isFinite(bound) ? bound : undefined;
}

function codePoints(value: string): number {
  let count = 0;
  for (const _ of value) count++;
  return count;
}
