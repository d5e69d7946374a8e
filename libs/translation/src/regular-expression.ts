import { RE2JS } from "re2js";
import { type Problem, unsupported } from "./problem.ts";

/** Longest pattern, in characters: Envoy bounds the compiled program, whose size nothing here can tell (G29). */
export const patternLengthMax = 512;

/** Checks a user's pattern in RE2 syntax (G28). Returns the pattern, or why Envoy would refuse it. */
export function checkPattern(field: string, pattern: string): string | Problem {
  if (pattern === "") return unsupported(`${field}: the regular expression is empty`);
  if (pattern.length > patternLengthMax) {
    return unsupported(`${field}: the regular expression is longer than ${patternLengthMax} characters`);
  }
  try {
    RE2JS.compile(pattern);
    return pattern;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return unsupported(`${field}: ${JSON.stringify(pattern)} is no regular expression in RE2 syntax: ${why}`);
  }
}

/** Quotes text so that RE2 takes it literally (G52). */
export function quotePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (character) =>
    character === "/" || character === "-" ? character : `\\${character}`,
  );
}
