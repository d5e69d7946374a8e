import { assert } from "@routeledger/std";
import { durationText } from "./duration.ts";
import type { FieldSchema } from "./schema.ts";
import { enumOf } from "./schema.ts";

/** What is wrong with a value under one rule, or undefined. */
export type RuleCheck = (value: unknown) => string | undefined;

export interface Rule {
  /** Kind and name as `validate.rules` has them: `string.min_len`. */
  readonly name: string;
  readonly check: RuleCheck;
}

type Rules = Readonly<Record<string, unknown>>;

/** What `in`, `not_in` and `const` compare. */
type Comparable = string | number | boolean;

const numericKinds = new Set(
  "float double int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64".split(" "),
);

/**
 * The checks of one value (an element of a list, a wrapper's value, not the list itself) under the rules of one
 * kind (`string`, `uint32`, `duration`, ...). `required` and the rules of lists and maps are not among them.
 * An assertion fails for a rule that is not known here, so that none is passed over in silence.
 */
export function valueRules(kind: string, rules: Rules, field: FieldSchema): readonly Rule[] {
  const made: Rule[] = [];
  for (const [name, argument] of Object.entries(rules)) {
    if (name === "required" || name === "skip" || name === "ignore_empty" || name === "strict") continue;
    const check = valueCheck({ kind, name, argument, rules, field });
    assert(check !== undefined, `expected a known rule, found ${kind}.${name} of ${field.name}`);
    made.push({ name: `${kind}.${name}`, check });
  }
  if (rules.ignore_empty !== true) return made;
  return made.map(({ name, check }) => ({
    name,
    check: (value) => (isEmpty(value) ? undefined : check(value)),
  }));
}

interface RuleInput {
  readonly kind: string;
  readonly name: string;
  readonly argument: unknown;
  readonly rules: Rules;
  readonly field: FieldSchema;
}

function valueCheck(input: RuleInput): RuleCheck | undefined {
  const { kind, name, argument, field } = input;
  if (name === "const" || name === "in" || name === "not_in") return membershipCheck(kind, name, argument);
  if (kind === "string") return stringCheck(input);
  if (kind === "bytes") return bytesCheck(name, argument);
  if (kind === "enum") return enumCheck(name, argument, field);
  if (kind === "duration") return durationCheck(name, argument as Rules);
  return numericKinds.has(kind) ? numberCheck(name, argument as number) : undefined;
}

function membershipCheck(
  kind: string,
  name: "const" | "in" | "not_in",
  argument: unknown,
): RuleCheck | undefined {
  if (kind === "duration" || kind === "timestamp" || kind === "bytes") return undefined;
  const members = [argument].flat() as readonly Comparable[];
  const found = (value: unknown): Comparable =>
    kind === "any" ? ((value as { typeUrl?: string }).typeUrl ?? "") : (value as Comparable);
  const listed = members.map((member) => JSON.stringify(member)).join(", ");
  if (name === "not_in") {
    return (value) => (members.includes(found(value)) ? `must not be one of ${listed}` : undefined);
  }
  const must = name === "const" ? `must be ${listed}` : `must be one of ${listed}`;
  return (value) => (members.includes(found(value)) ? undefined : must);
}

function numberCheck(name: string, bound: number): RuleCheck | undefined {
  const fits = comparison(name);
  if (fits === undefined) return undefined;
  // NaN fits no bound.
  return (value) =>
    fits.test((value as number) - bound) ? undefined : `must be ${fits.text} ${bound}, is ${value}`;
}

function durationCheck(name: string, bound: Rules): RuleCheck | undefined {
  const fits = comparison(name);
  if (fits === undefined) return undefined;
  return (value) => {
    const seconds = secondsOf(value as Rules) - secondsOf(bound);
    const difference = seconds === 0 ? nanosOf(value as Rules) - nanosOf(bound) : seconds;
    return fits.test(difference) ? undefined : `must be ${fits.text} ${durationText(bound)}`;
  };
}

/** Protoc-gen-validate compares seconds, then nanoseconds. */
function secondsOf(duration: Rules): number {
  return (duration.seconds as number | undefined) ?? 0;
}

function nanosOf(duration: Rules): number {
  return (duration.nanos as number | undefined) ?? 0;
}

function comparison(name: string): { text: string; test: (difference: number) => boolean } | undefined {
  switch (name) {
    case "gt":
      return { text: "greater than", test: (difference) => difference > 0 };
    case "gte":
      return { text: "at least", test: (difference) => difference >= 0 };
    case "lt":
      return { text: "less than", test: (difference) => difference < 0 };
    case "lte":
      return { text: "at most", test: (difference) => difference <= 0 };
    default:
      return undefined;
  }
}

function enumCheck(name: string, argument: unknown, field: FieldSchema): RuleCheck | undefined {
  if (name !== "defined_only" || field.value.kind !== "enum") return undefined;
  const { namesByValue, name: enumeration } = enumOf(field.value.name);
  if (argument !== true) return () => undefined;
  return (value) =>
    namesByValue.has(value as number) ? undefined : `must be a value of ${enumeration}, is ${String(value)}`;
}

function bytesCheck(name: string, argument: unknown): RuleCheck | undefined {
  return lengthCheck(name, argument as number, (value) => (value as Uint8Array).length);
}

function stringCheck({ name, argument, rules }: RuleInput): RuleCheck | undefined {
  switch (name) {
    case "pattern":
      return patternCheck(new RegExp(argument as string, "u"));
    case "well_known_regex":
      return patternCheck(wellKnownPattern(argument as string, rules.strict !== false));
    case "prefix":
      return (value) =>
        (value as string).startsWith(argument as string) ? undefined : `must begin with ${argument}`;
    case "suffix":
      return (value) =>
        (value as string).endsWith(argument as string) ? undefined : `must end with ${argument}`;
    case "contains":
      return (value) =>
        (value as string).includes(argument as string) ? undefined : `must contain ${argument}`;
    case "min_bytes":
    case "max_bytes":
      return lengthCheck(name.replace("bytes", "len"), argument as number, (value) =>
        Buffer.byteLength(value as string),
      );
    default:
      return lengthCheck(name, argument as number, (value) => [...(value as string)].length);
  }
}

function lengthCheck(
  name: string,
  bound: number,
  lengthOf: (value: unknown) => number,
): RuleCheck | undefined {
  if (name === "min_len") {
    return (value) =>
      lengthOf(value) >= bound ? undefined : `length must be at least ${bound}, is ${lengthOf(value)}`;
  }
  if (name === "max_len") {
    return (value) =>
      lengthOf(value) <= bound ? undefined : `length must be at most ${bound}, is ${lengthOf(value)}`;
  }
  if (name !== "len") return undefined;
  return (value) =>
    lengthOf(value) === bound ? undefined : `length must be ${bound}, is ${lengthOf(value)}`;
}

function patternCheck(pattern: RegExp): RuleCheck {
  return (value) => (pattern.test(value as string) ? undefined : `must match ${pattern.source}`);
}

/** The patterns of protoc-gen-validate; not strict means only that NUL, CR and LF are kept out. */
function wellKnownPattern(name: string, strict: boolean): RegExp {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: to keep them out is what the patterns are for
  if (!strict) return /^[^\u0000\n\r]*$/;
  if (name === "HTTP_HEADER_NAME") return /^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$/;
  assert(name === "HTTP_HEADER_VALUE", `expected a well-known regular expression, found ${name}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  return /^[^\u0000-\u0008\u000A-\u001F\u007F]*$/;
}

function isEmpty(value: unknown): boolean {
  return (
    value === "" || value === 0 || value === false || (value instanceof Uint8Array && value.length === 0)
  );
}
