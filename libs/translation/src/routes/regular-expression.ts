import { RE2JS } from "re2js";
import { type Problem, unsupported } from "../problem.ts";
import { programSize, programSizeMax } from "./program-size.ts";

/** Longest pattern, in characters: Envoy bounds the compiled program, whose size nothing here can tell (G29). */
export const patternLengthMax = 512;

/**
 * Checks a user's pattern in RE2 syntax (G28). Returns the pattern, or why Envoy would refuse it. Some Envoys read
 * patterns as UTF-8 (1.36), others as single bytes (1.40): what would differ is refused, so that a pattern means the
 * same to all.
 */
export function checkPattern(field: string, pattern: string): string | Problem {
  if (pattern === "") return unsupported(`${field}: the regular expression is empty`);
  if (pattern.length > patternLengthMax) {
    return unsupported(`${field}: the regular expression is longer than ${patternLengthMax} characters`);
  }
  const wide = wideCharacter(pattern);
  if (wide !== undefined) {
    return unsupported(
      `${field}: ${JSON.stringify(pattern)}: ${JSON.stringify(wide)} is not served, only ASCII is`,
    );
  }
  try {
    const size = programSize(RE2JS.compile(pattern));
    return size <= programSizeMax / 2
      ? pattern
      : unsupported(`${field}: ${JSON.stringify(pattern)} is too large a program: its repetitions multiply`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return unsupported(`${field}: ${JSON.stringify(pattern)} is no regular expression in RE2 syntax: ${why}`);
  }
}

/** What of a pattern speaks of characters outside ASCII: a character, an escape, a class of Unicode. */
function wideCharacter(pattern: string): string | undefined {
  for (const [found, unicode, hex = "0", octal = "0"] of pattern.matchAll(notable)) {
    const character = Math.max(
      Number.parseInt(hex.replace(/[{}]/g, "") || "0", 16),
      Number.parseInt(octal, 8),
    );
    if (unicode !== undefined || character > 0x7f) return found;
  }
  return undefined;
}

/** In this order: quoted text, what speaks of Unicode, numbered characters, other escapes. */
const notable =
  /\\Q[\0-\x7f]*?(?:\\E|$)|([^\0-\x7f]|\\[pP])|\\x(\{[0-9a-fA-F]*\}|[0-9a-fA-F]{2})|\\([0-7]{1,3})|\\[\0-\x7f]/gu;

/** Quotes text so that RE2 takes it literally (G52). */
export function quotePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (character) =>
    character === "/" || character === "-" ? character : `\\${character}`,
  );
}
