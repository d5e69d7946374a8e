import { isMappedIpv4, parseIpv4, parseIpv6 } from "../ip-address.ts";
import { patternMatches } from "../re2-patterns.ts";
import {
  CelDuration,
  CelError,
  CelOptional,
  type CelValue,
  isCelList,
  isCelMap,
  noOverload,
} from "./cel-value.ts";

/** What a function gets beside its arguments: it pays for work that grows with a value. */
export interface CelCost {
  /** @param steps a character looked at is a step. Throws CelBudgetError. */
  spend(steps: number): void;
}

type CelFunction = (args: readonly CelValue[], cost: CelCost) => CelValue;

/**
 * Functions by name and number of arguments, the receiver of a method being the first: those of CEL and of
 * Kubernetes' libraries that the rules of the known CRDs use, and no more: a rule with another one does not compile.
 */
export const CEL_FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  "size/1": ([value]) => sizeOf(value!),
  "duration/1": ([text], cost) => durationOf(string(text!, cost)),
  "isIP/1": ([text], cost) => isIp(string(text!, cost)),
  "string/1": ([value]) => textOf(value!),
};

/** As CEL_FUNCTIONS, called on a receiver. */
export const CEL_METHODS: Readonly<Record<string, CelFunction>> = {
  "size/1": ([value]) => sizeOf(value!),
  "matches/2": ([text, pattern], cost) => patternMatches(string(pattern!), string(text!, cost)),
  "contains/2": ([text, part], cost) => string(text!, cost).includes(string(part!)),
  "startsWith/2": ([text, part]) => string(text!).startsWith(string(part!)),
  "endsWith/2": ([text, part]) => string(text!).endsWith(string(part!)),
  "split/2": ([text, separator], cost) => splitOf(string(text!, cost), string(separator!)),
  "substring/2": ([text, start], cost) => substringOf(string(text!, cost), integer(start!), undefined),
  "substring/3": ([text, start, end], cost) =>
    substringOf(string(text!, cost), integer(start!), integer(end!)),
  "hasValue/1": ([value]) => optional(value!).value !== undefined,
  "value/1": ([value]) => {
    const inner = optional(value!).value;
    if (inner === undefined) throw new CelError("optional.none() dereference");
    return inner;
  },
  "orValue/2": ([value, other]) => optional(value!).value ?? other!,
};

function string(value: CelValue, cost?: CelCost): string {
  if (typeof value !== "string") throw noOverload("a string was expected");
  cost?.spend(value.length);
  return value;
}

function integer(value: CelValue): number {
  if (typeof value !== "number") throw noOverload("an integer was expected");
  return value;
}

function optional(value: CelValue): CelOptional {
  if (!(value instanceof CelOptional)) throw noOverload("an optional was expected");
  return value;
}

function sizeOf(value: CelValue): number {
  if (typeof value === "string") return codePoints(value);
  if (isCelList(value)) return value.length;
  if (isCelMap(value)) return Object.keys(value).length;
  throw noOverload("size");
}

/** Strings are counted in code points, as everywhere in CEL. */
function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function splitOf(text: string, separator: string): string[] {
  return separator === "" ? [...text] : text.split(separator);
}

function substringOf(text: string, start: number, end: number | undefined): string {
  const characters = [...text];
  const last = end ?? characters.length;
  if (start < 0 || start > characters.length) throw new CelError(`index out of range: ${start}`);
  if (last < start || last > characters.length) throw new CelError(`index out of range: ${last}`);
  return characters.slice(start, last).join("");
}

function textOf(value: CelValue): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw noOverload("string");
}

/** k8s.io/apiserver/pkg/cel/library isIP: an address without a zone, and not IPv4 in IPv6. */
function isIp(text: string): boolean {
  return parseIpv4(text) !== undefined || (parseIpv6(text) !== undefined && !isMappedIpv4(text));
}

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const DURATION_MAX = 2n ** 63n - 1n;
const DURATION_LENGTH_MAX = 256;

/** Go's time.ParseDuration: `1h30m`, `1.5s`, `-2ms`, `0`; fractions are cut to nanoseconds. */
function durationOf(text: string): CelDuration {
  const failure = () => new CelError(`invalid duration ${JSON.stringify(text.slice(0, 80))}`);
  const sign = /^[-+]/.exec(text)?.[0] ?? "";
  const rest = text.slice(sign.length);
  if (rest === "0") return new CelDuration(0n);
  if (rest === "" || rest.length > DURATION_LENGTH_MAX) throw failure();
  let sum = 0n;
  let read = 0;
  for (const [whole, digits, fraction, unit] of rest.matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g,
  )) {
    if (`${digits}${fraction ?? ""}` === "") throw failure();
    const scale = NANOSECONDS[unit!]!;
    sum += BigInt(digits || "0") * scale;
    if (fraction) sum += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    read += whole.length;
  }
  if (read !== rest.length || sum > DURATION_MAX) throw failure();
  return new CelDuration(sign === "-" ? -sum : sum);
}
