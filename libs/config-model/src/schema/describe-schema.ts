import { STRING_FORMATS } from "./formats.ts";
import type { Schema } from "./schema.ts";

/** Most values of an enum that are listed. The longest of Gateway API has 11, and there are 17 kinds. */
const LISTED_MAX = 20;

const TYPE_WORDS: Readonly<Record<NonNullable<Schema["type"]>, string>> = {
  object: "an object",
  array: "a list",
  string: "a string",
  integer: "an integer",
  number: "a number",
  boolean: "true or false",
};

/** What the CRDs' patterns mean; a pattern that is not here is shown as it is. */
const PATTERN_WORDS: ReadonlyMap<string, string> = new Map([
  ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "a DNS label (a-z, 0-9 and -)"],
  ["^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "a DNS name (a-z, 0-9, - and .)"],
  [
    "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    "a DNS name (a-z, 0-9, - and .), perhaps beginning with *.",
  ],
  [
    "^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    "an API group: a DNS name, or empty for core",
  ],
  ["^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$", "a kind (A-Z, a-z, 0-9 and -, beginning with a letter)"],
  ["^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$", "an HTTP header name (A-Z, a-z, 0-9 and !#$%&'*+-.^_`|~)"],
  ["^[!-~]+([\\t ]?[!-~]+)*$", "an HTTP header value (printable ASCII, single blanks inside)"],
  [
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$",
    "a DNS name, / and a path, like example.com/gateway",
  ],
  ["^([0-9]{1,5}(h|m|s|ms)){1,4}$", "a duration such as 10s, 500ms or 1h30m"],
  [
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\.?$",
    "a DNS name (a-z, 0-9, - and .)",
  ],
  ["^/", "an absolute path"],
]);

/** The words for one type: `an integer`. */
export function typeWords(type: NonNullable<Schema["type"]>): string {
  return TYPE_WORDS[type];
}

/** The words for a pattern, and the pattern itself where it has none. */
export function patternWords(pattern: string): string {
  return PATTERN_WORDS.get(pattern) ?? `a value that matches ${pattern}`;
}

/** The words for an enum: `one of "Exact", "PathPrefix"`. */
export function enumWords(values: readonly unknown[]): string {
  const shown = values.slice(0, LISTED_MAX).map((value) => JSON.stringify(value));
  if (values.length > LISTED_MAX) shown.push("...");
  return values.length === 1 ? shown[0]! : `one of ${shown.join(", ")}`;
}

/** The words for a range of integers or numbers: `an integer from 1 to 65535`. */
export function rangeWords(type: string, minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return `${type} from ${minimum} to ${maximum}`;
  return minimum !== undefined ? `${type} of at least ${minimum}` : `${type} of at most ${maximum}`;
}

/** The words for what a schema wants, where a value is missing. */
export function describeSchema(schema: Schema): string {
  if (schema.enum !== undefined) return enumWords(schema.enum);
  if (schema["x-kubernetes-int-or-string"] === true) return "an integer or a string";
  if (schema.minimum !== undefined || schema.maximum !== undefined) {
    return rangeWords(typeWords(schema.type ?? "number"), schema.minimum, schema.maximum);
  }
  const format = schema.format === undefined ? undefined : STRING_FORMATS[schema.format];
  if (format !== undefined) return format.expected;
  if (schema.pattern !== undefined) return patternWords(schema.pattern);
  return schema.type === undefined ? "a value" : typeWords(schema.type);
}
