import type { FieldErrors, FieldPath } from "./field-error.ts";

/** Deeper objects are refused; the deepest of the known schemas has 17 levels. */
const DEPTH_MAX = 64;

/**
 * Adds an error for all that canonical JSON has no form for, wherever it stands: text that is no Unicode,
 * numbers that are not finite, values that are not JSON, and too deep nesting. What follows may then rely on it.
 */
export function checkSoundJson(value: unknown, path: FieldPath, errors: FieldErrors, depth = 0): void {
  if (typeof value === "string") checkText(value, path, errors);
  else if (typeof value === "number") {
    if (!Number.isFinite(value)) {
      errors.add(path, { code: "Invalid", expected: "a finite number", actual: String(value) });
    }
  } else if (typeof value === "object" && value !== null) {
    if (depth >= DEPTH_MAX) {
      errors.add(path, { code: "Invalid", expected: `at most ${DEPTH_MAX} levels of nesting` });
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        checkSoundJson(item, { parent: path, segment: index }, errors, depth + 1);
      }
    } else {
      for (const [name, member] of Object.entries(value)) {
        checkText(name, path, errors);
        checkSoundJson(member, { parent: path, segment: name }, errors, depth + 1);
      }
    }
  } else if (typeof value !== "boolean" && value !== null) {
    errors.add(path, { code: "TypeInvalid", expected: "a JSON value", actual: typeof value });
  }
}

function checkText(text: string, path: FieldPath, errors: FieldErrors): void {
  if (!text.isWellFormed()) errors.add(path, { code: "Invalid", expected: "Unicode text" });
}
