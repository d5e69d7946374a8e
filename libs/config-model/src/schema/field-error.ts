import { compareNumbers, compareStrings } from "@routeledger/std";

export type FieldErrorCode =
  | "Required"
  | "Invalid"
  | "NotSupported"
  | "TooLong"
  | "TooMany"
  | "TypeInvalid"
  | "Duplicate"
  | "UnknownField"
  | "Forbidden";

/** One thing that is wrong with an object. */
export interface FieldError {
  /** `spec.rules[0].matches[1].path.type`; a name that is no identifier stands in brackets: `metadata.labels[a/b]`. */
  readonly path: string;
  readonly code: FieldErrorCode;
  /** What would have been accepted: `an integer from 1 to 65535`. */
  readonly expected: string;
  /** The value as JSON, shortened; absent when nothing was there, or when it is secret. */
  readonly actual?: string;
  /** Lower case, for people; names the value, not the path. */
  readonly message: string;
}

/** The way to a field from the object's root (undefined). Linked, so that a step costs one allocation. */
export type FieldPath = { readonly parent: FieldPath; readonly segment: string | number } | undefined;

/** At most this many errors are reported for one object. */
export const FIELD_ERRORS_MAX = 64;

/** Beyond this many an object's errors are not even collected. */
const COLLECTED_MAX = 1024;

const ACTUAL_LENGTH_MAX = 80;

type Segments = readonly (string | number)[];

/** Collects the errors of one object. */
export class FieldErrors {
  readonly #entries: { readonly segments: Segments; readonly error: FieldError }[] = [];

  get count(): number {
    return this.#entries.length;
  }

  has(code: FieldErrorCode): boolean {
    return this.#entries.some((entry) => entry.error.code === code);
  }

  /**
   * @param details `mend` is what probably was meant, as the end of the message: `did you mean "port"?`. `message`
   * is the whole message, where somebody else wrote one.
   */
  add(
    path: FieldPath,
    details: {
      code: FieldErrorCode;
      expected: string;
      actual?: string | undefined;
      mend?: string | undefined;
      message?: string;
    },
  ): void {
    if (this.#entries.length >= COLLECTED_MAX) return;
    const { code, expected, actual, mend } = details;
    const segments = segmentsOf(path);
    const message =
      details.message ?? messageOf(code, expected, actual) + (mend === undefined ? "" : `; ${mend}`);
    const error = {
      path: displayPath(segments),
      code,
      expected,
      ...(actual !== undefined && { actual }),
      message,
    };
    this.#entries.push({ segments, error });
  }

  addAll(other: FieldErrors): void {
    for (const entry of other.#entries) if (this.#entries.length < COLLECTED_MAX) this.#entries.push(entry);
  }

  /** Sorted by path, indexes as numbers; at most FIELD_ERRORS_MAX. */
  sorted(): FieldError[] {
    const byPath = this.#entries.toSorted(
      (a, b) => compareSegments(a.segments, b.segments) || compareStrings(a.error.message, b.error.message),
    );
    return byPath.slice(0, FIELD_ERRORS_MAX).map((entry) => entry.error);
  }

  /** True when every error stands at this very path, not below it. */
  allAt(path: FieldPath): boolean {
    const depth = segmentsOf(path).length;
    return this.#entries.every((entry) => entry.segments.length === depth);
  }

  expectations(): string[] {
    return this.#entries.map((entry) => entry.error.expected);
  }
}

/** A value as an error shows it: JSON, cut at 80 characters; objects and lists by their size. */
export function displayValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const json = JSON.stringify(value) ?? String(value);
  return json.length <= ACTUAL_LENGTH_MAX ? json : `${json.slice(0, ACTUAL_LENGTH_MAX)}...`;
}

function messageOf(code: FieldErrorCode, expected: string, actual: string | undefined): string {
  if (code === "Required") return `required: expected ${expected}`;
  if (code === "UnknownField") return `unknown field ${actual}`;
  if (code === "Duplicate") return `duplicate value ${actual ?? ""}: expected ${expected}`;
  return actual === undefined ? `expected ${expected}` : `expected ${expected}, got ${actual}`;
}

function segmentsOf(path: FieldPath): Segments {
  const segments: (string | number)[] = [];
  for (let at = path; at !== undefined; at = at.parent) segments.push(at.segment);
  return segments.reverse();
}

function displayPath(segments: Segments): string {
  let text = "";
  for (const segment of segments) {
    if (typeof segment === "string" && /^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment)) {
      text += text === "" ? segment : `.${segment}`;
    } else text += `[${segment}]`;
  }
  return text;
}

function compareSegments(a: Segments, b: Segments): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    const order =
      typeof left === "number" && typeof right === "number"
        ? compareNumbers(left, right)
        : compareStrings(String(left), String(right));
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
