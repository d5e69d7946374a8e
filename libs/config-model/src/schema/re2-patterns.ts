import { RE2JS } from "re2js";

/**
 * Compiled on first use, for ever: the patterns are the CRDs' and their rules', so there are only so many. RE2, as
 * in an API server: the values are a user's, and one of the patterns takes a backtracking engine exponential time.
 */
const compiled = new Map<string, RE2JS>();

/** Whether the pattern matches somewhere in the value. */
export function patternMatches(pattern: string, value: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    expression = RE2JS.compile(pattern);
    compiled.set(pattern, expression);
  }
  return expression.test(value);
}
