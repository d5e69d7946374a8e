import type { RE2JS } from "re2js";

/**
 * Largest program that our proxies take: the bootstrap sets it (G29), Envoy's own default is 100.
 * Patterns are held to half of it: RE2 joins fewer alternatives than re2js, and an assertion that repeats costs it
 * more. Of 80,000 random patterns none was more than 1.4 times its estimate.
 */
export const programSizeMax = 4096;

/**
 * An estimate, rather too high, of what Envoy measures of a pattern, the number of instructions of RE2's program (G29). RE2 compiles
 * to bytes, so that a class of characters costs many instructions, while re2js has one for each class.
 */
export function programSize(compiled: RE2JS): number {
  const instructions: readonly Instruction[] = compiled.re2Input.prog.inst;
  return instructions.reduce((sum, instruction) => sum + sizeOf(instruction), framingSize);
}

/** What is used of an instruction of re2js. */
interface Instruction {
  /** First and last of each range of characters, or one character alone, or nothing. */
  readonly runes: ArrayLike<number>;
  /** Of a character: 1 when its case does not count. */
  readonly arg: number;
}

/** Around every program: its begin, its end and the search for a match in the middle of a text. */
const framingSize = 8;

/** A character that has a form outside ASCII: `k` and `s`, when case does not count. */
const wideCharacterSize = 5;

const lastAscii = 0x7f;
const lastCharacter = 0x10ffff;

/** What RE2 makes of all characters outside ASCII: it has one form for them. */
const allWideSize = 7;

function sizeOf({ runes, arg }: Instruction): number {
  if (runes.length > 1) return classSize(runes);
  const [character = 0] = [runes[0]];
  const folded = runes.length === 1 && arg === 1 && /[ks]/i.test(String.fromCodePoint(character));
  return folded || character > lastAscii ? wideCharacterSize : 1;
}

function classSize(runes: ArrayLike<number>): number {
  let size = 0;
  const suffixes = new Set<string>();
  for (let index = 0; index + 1 < runes.length; index += 2) {
    const [first, last] = [runes[index] ?? 0, runes[index + 1] ?? 0];
    if (first <= lastAscii) size += 1;
    if (last <= lastAscii) continue;
    if (first <= lastAscii + 1 && last === lastCharacter) size += allWideSize;
    else size += wideSize(Math.max(first, lastAscii + 1), last, suffixes);
  }
  return size + suffixes.size;
}

/** Last characters of UTF-8's forms of two and three bytes. */
const formEnds = [0x7ff, 0xffff];

/**
 * Instructions of a range outside ASCII. It is cut until the bytes of its first and last character say it; what
 * follows the first byte is shared by all ranges of the class.
 */
function wideSize(first: number, last: number, suffixes: Set<string>): number {
  const cut = cutOf(first, last);
  if (cut !== undefined) return wideSize(first, cut, suffixes) + wideSize(cut + 1, last, suffixes);
  const [low, high] = [utf8Of(first), utf8Of(last)];
  let size = 1;
  let suffix = "";
  for (let index = low.length - 1; index > 0; index--) {
    suffix = `${low[index]}-${high[index]} ${suffix}`;
    // RE2 does not share a byte in the middle that is only one.
    if (index === low.length - 1 || low[index] !== high[index]) suffixes.add(suffix);
    else size += 1;
  }
  return size;
}

/** Where a range must be cut first; undefined when its bytes say it. */
function cutOf(first: number, last: number): number | undefined {
  const formEnd = formEnds.find((end) => first <= end && last > end);
  if (formEnd !== undefined) return formEnd;
  for (const mask of [0x3f, 0xfff, 0x3ffff]) {
    if ((first & ~mask) === (last & ~mask)) return undefined;
    if ((first & mask) !== 0) return first | mask;
    if ((last & mask) !== mask) return (last & ~mask) - 1;
  }
  return undefined;
}

function utf8Of(character: number): number[] {
  if (character <= 0x7ff) return [0xc0 | (character >> 6), tail(character)];
  if (character <= 0xffff) return [0xe0 | (character >> 12), tail(character >> 6), tail(character)];
  return [0xf0 | (character >> 18), tail(character >> 12), tail(character >> 6), tail(character)];
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f);
}
