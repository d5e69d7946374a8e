/** What a rule is made of. `value` of a string is its text, escapes resolved; of an int its number. */
export type CelToken =
  | { readonly type: "identifier" | "punctuation"; readonly text: string; readonly at: number }
  | { readonly type: "string"; readonly text: string; readonly value: string; readonly at: number }
  | { readonly type: "int"; readonly text: string; readonly value: number; readonly at: number }
  | { readonly type: "end"; readonly text: ""; readonly at: number };

/** A rule that is no CEL, or uses what is not supported here: doubles, unsigned integers, bytes. */
export class CelSyntaxError extends Error {
  constructor(message: string, source: string, at: number) {
    super(`${message} at character ${at} of the CEL rule ${source}`);
    this.name = "CelSyntaxError";
  }
}

const BLANK = /\s*(?:\/\/[^\n]*\s*)*/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const INT = /(?:0[xX][0-9a-fA-F]+|[0-9]+)(?![0-9A-Za-z_]|\.[0-9])/y;
const PUNCTUATION = /&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]{}]/y;
const STRING = /([rR]?)("""|'''|"|')/y;
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The tokens of a rule, an `end` last. Throws CelSyntaxError. */
export function celTokens(source: string): CelToken[] {
  const tokens: CelToken[] = [];
  for (let at = skipBlank(source, 0); at < source.length; ) {
    const token = tokenAt(source, at);
    tokens.push(token);
    at = skipBlank(source, at + token.text.length);
  }
  tokens.push({ type: "end", text: "", at: source.length });
  return tokens;
}

function skipBlank(source: string, at: number): number {
  return at + (match(BLANK, source, at)?.[0].length ?? 0);
}

function match(expression: RegExp, source: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at;
  return expression.exec(source);
}

function tokenAt(source: string, at: number): CelToken {
  const opening = match(STRING, source, at);
  if (opening !== null) return stringToken(source, at, { raw: opening[1] !== "", quote: opening[2]! });
  const identifier = match(IDENTIFIER, source, at);
  if (identifier !== null) return { type: "identifier", text: identifier[0], at };
  const int = match(INT, source, at);
  if (int !== null) {
    const value = Number(int[0]);
    if (!Number.isSafeInteger(value)) throw new CelSyntaxError("an integer beyond 2^53", source, at);
    return { type: "int", text: int[0], value, at };
  }
  const punctuation = match(PUNCTUATION, source, at);
  if (punctuation !== null) return { type: "punctuation", text: punctuation[0], at };
  throw new CelSyntaxError("nothing that is supported here", source, at);
}

function stringToken(source: string, at: number, { raw, quote }: { raw: boolean; quote: string }): CelToken {
  let value = "";
  let next = at + (raw ? 1 : 0) + quote.length;
  while (!source.startsWith(quote, next)) {
    const character = source[next];
    if (character === undefined || (character === "\n" && quote.length === 1)) {
      throw new CelSyntaxError("a string without an end", source, at);
    }
    const written = character === "\\" && !raw ? escapeAt(source, next) : { text: character, length: 1 };
    value += written.text;
    next += written.length;
  }
  next += quote.length;
  return { type: "string", text: source.slice(at, next), value, at };
}

function escapeAt(source: string, at: number): { text: string; length: number } {
  const letter = source[at + 1] ?? "";
  const simple = ESCAPES[letter] ?? ("\\?\"'`".includes(letter) ? letter : undefined);
  if (letter !== "" && simple !== undefined) return { text: simple, length: 2 };
  const digits = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/.exec(
    source.slice(at, at + 10),
  );
  if (digits === null) throw new CelSyntaxError("an escape that is none", source, at);
  const hex = digits[1] ?? digits[2] ?? digits[3];
  const code = hex === undefined ? Number.parseInt(digits[4]!, 8) : Number.parseInt(hex, 16);
  if (code > 0x10ffff) throw new CelSyntaxError("an escape beyond Unicode", source, at);
  return { text: String.fromCodePoint(code), length: digits[0].length };
}
