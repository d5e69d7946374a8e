/**
 * TypeScript source without what is not code: the contents of comments, strings, template texts and regular
 * expressions become spaces. Length and line ends stay, so positions are those of the source; quotes stay, so that
 * an import's specifier can be found here and read there. What stands in `${...}` is code and stays.
 *
 * A slash starts a regular expression where no value can end; the few places where only a parser knows (after the
 * `)` of an `if`) are taken for a division.
 */
export function stripSource(source: string): string {
  return new Stripper(source).strip();
}

const wordsBeforeRegex = new Set(
  "return typeof case in of delete void throw new await yield instanceof else do".split(" "),
);

class Stripper {
  readonly #source: string;
  readonly #out: string[];
  #at = 0;
  /** For each open `${`, how many `{` are open inside it. */
  readonly #templates: number[] = [];
  /** The last character of code that is no space, and where it is. */
  #last = "";
  #lastAt = -1;

  constructor(source: string) {
    this.#source = source;
    this.#out = source.split("");
  }

  strip(): string {
    while (this.#at < this.#source.length) this.#token(this.#source.charAt(this.#at));
    return this.#out.join("");
  }

  #token(char: string): void {
    if (this.#source.startsWith("//", this.#at)) this.#blankTo(this.#find("\n", this.#at));
    else if (this.#source.startsWith("/*", this.#at)) this.#blankTo(this.#find("*/", this.#at + 2) + 2);
    else if (char === '"' || char === "'") this.#string(char);
    else if (char === "`") this.#template();
    else if (char === "/" && this.#regexCanStart()) this.#regex();
    else if (char === "}" && this.#templates.at(-1) === 0) {
      this.#templates.pop();
      this.#template();
    } else {
      this.#countBrace(char);
      this.#keep(char);
    }
  }

  #countBrace(char: string): void {
    const open = this.#templates.pop();
    if (open !== undefined) this.#templates.push(open + (char === "{" ? 1 : char === "}" ? -1 : 0));
  }

  /** A string that has no end on its line ends there: the source is broken, and the rest is still looked at. */
  #string(quote: string): void {
    this.#keep(quote);
    this.#blankUntil((char) => char === quote || char === "\n");
    this.#keep(quote);
  }

  /** The text of a template, from its opening quote or from the `}` of a substitution. */
  #template(): void {
    this.#keep(this.#source.charAt(this.#at));
    this.#blankUntil((char) => char === "`" || (char === "$" && this.#source[this.#at + 1] === "{"));
    if (this.#source[this.#at] === "$") {
      this.#templates.push(0);
      this.#keep("$");
      this.#keep("{");
    } else this.#keep("`");
  }

  #regex(): void {
    let inClass = false;
    this.#keep("/");
    this.#blankUntil((char) => {
      if (char === "[") inClass = true;
      if (char === "]") inClass = false;
      return char === "\n" || (char === "/" && !inClass);
    });
    this.#keep("/");
    // Flags are part of the literal; after it a value has ended.
    while (/[a-z]/.test(this.#source.charAt(this.#at))) this.#keep(")");
  }

  #regexCanStart(): boolean {
    if (this.#last === "") return true;
    if (/[\w$]/.test(this.#last)) {
      const word = /[\w$]+$/.exec(this.#source.slice(Math.max(0, this.#lastAt - 12), this.#lastAt + 1))?.[0];
      return wordsBeforeRegex.has(word ?? "");
    }
    return !/[)\]}"'`]/.test(this.#last);
  }

  #keep(char: string): void {
    if (char.trim() !== "") {
      this.#last = char;
      this.#lastAt = this.#at;
    }
    this.#at += 1;
  }

  /** Blanks what follows, escapes included, up to the first character that ends it. */
  #blankUntil(ends: (char: string) => boolean): void {
    while (this.#at < this.#source.length && !ends(this.#source.charAt(this.#at))) {
      this.#blankTo(this.#at + (this.#source[this.#at] === "\\" ? 2 : 1));
    }
  }

  #blankTo(end: number): void {
    for (; this.#at < Math.min(end, this.#source.length); this.#at += 1) {
      if (this.#source[this.#at] !== "\n") this.#out[this.#at] = " ";
    }
  }

  #find(text: string, from: number): number {
    const found = this.#source.indexOf(text, from);
    return found === -1 ? this.#source.length : found;
  }
}
