import { compareStrings } from "@routeledger/std";

/**
 * Why a thing of a user cannot be served: an outcome, never thrown.
 * `reason` is a word of Gateway API's conditions; `message` names the field and the value that is wrong (G110).
 */
export class Problem {
  readonly reason: string;
  readonly message: string;

  constructor(reason: string, message: string) {
    this.reason = reason;
    this.message = message;
  }
}

/** A field or value of a known kind that is not served, or not yet. */
export function unsupported(message: string): Problem {
  return new Problem("UnsupportedValue", message);
}

/** Whether a value is no problem. */
export function isServed<T>(value: T | Problem): value is T {
  return !(value instanceof Problem);
}

/** The higher one speaks for several problems, so that no reason depends on the order of iteration (G110). */
const ranks: readonly string[] = [
  "RefNotPermitted",
  "InvalidCertificateRef",
  "InvalidCACertificateKind",
  "InvalidCACertificateRef",
  "InvalidRouteKinds",
  "InvalidKind",
  "BackendNotFound",
  "UnsupportedProtocol",
  "IncompatibleFilters",
  "UnsupportedValue",
];

/** One problem that says all of them: the reason by a fixed rank, the messages sorted, each once. */
export function joinProblems(problems: readonly Problem[]): Problem | undefined {
  const reason = ranks.find((candidate) => problems.some((problem) => problem.reason === candidate));
  const first = reason ?? problems.map((problem) => problem.reason).sort(compareStrings)[0];
  if (first === undefined) return undefined;
  const messages = [...new Set(problems.map(({ message }) => message))].sort(compareStrings);
  return new Problem(first, messages.join("; "));
}
