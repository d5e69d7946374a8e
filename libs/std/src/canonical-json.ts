import { assert } from "./assert.ts";
import { compareStrings } from "./ordering.ts";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };
export type JsonObject = { [name: string]: JsonValue };

/**
 * JSON by RFC 8785 (JCS): no blanks, names in UTF-16 order, numbers as ECMAScript writes them.
 * Members that are undefined are left out. Throws AssertionFailed for NaN, Infinity and lone surrogates.
 */
export function canonicalJson(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") {
    assert(value.isWellFormed(), "canonical JSON: a string with a lone surrogate");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    assert(Number.isFinite(value), `canonical JSON: a finite number, got ${value}`);
    return JSON.stringify(value);
  }
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  names.sort(compareStrings);
  return `{${names.map((name) => `${canonicalJson(name)}:${canonicalJson(value[name])}`).join(",")}}`;
}
