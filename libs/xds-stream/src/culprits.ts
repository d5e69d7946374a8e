/** Reads the names of resources out of the words of a NACK. They are for people, so this only guesses (rule 72). */

export interface Named {
  /** Those of the given names that the text speaks of, in their order. */
  readonly names: readonly string[];
  /**
   * `built`: Envoy lists all that it could not build, and took the others. `validated`: it shows the first that breaks
   * the rules of its fields, and took nothing of the response. `mentioned`: the text has these names in it.
   */
  readonly form: "built" | "validated" | "mentioned";
}

/** How much of a text is read: clients may put whole resources into it. */
const lengthMax = 64 * 1024;

/**
 * Envoy checks the fields of all resources first, and puts the first that breaks a rule into its text: `name: "a" ...:
 * Proto constraint validation failed (...)`. Then it builds clusters and listeners one by one and says which it could
 * not: `Error adding/updating cluster(s) a: why, b: why`, of listeners one a line. Any other text is searched for names that stand by themselves; a name that is an
 * ordinary word counts only in quotes or before a colon.
 */
export function namedIn(message: string, names: Iterable<string>): Named {
  const text = message.slice(0, lengthMax);
  const known = [...names];
  const shown = validatedName(text);
  if (shown !== undefined && known.includes(shown)) return { names: [shown], form: "validated" };
  const hits = known.flatMap((name) => hitsOf(text, name));
  // `a/b` does not speak of `a`, and `a b` neither.
  const whole = hits.filter(({ from, to }) => !hits.some((other) => covers(other, { from, to })));
  const list = /Error adding\/updating (?:cluster|listener)\(s\) /.exec(text);
  const listed = list === null ? [] : whole.filter((hit) => isItem(text, list.index + list[0].length, hit));
  const telling = listed.length > 0 ? listed : whole.filter((hit) => isTelling(text, hit));
  const found = new Set(telling.map(({ name }) => name));
  return { names: [...found], form: listed.length > 0 ? "built" : "mentioned" };
}

/** The name is a message's first field, so it is the first thing that is shown of it. */
function validatedName(text: string): string | undefined {
  if (!text.includes("Proto constraint validation failed")) return undefined;
  return /(?:^(?:goo\.gle\/\S+)?\s*|\): )(?:cluster_)?name: "([^"\\]+)"/.exec(text)?.[1];
}

interface Hit {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

function hitsOf(text: string, name: string): Hit[] {
  const hits: Hit[] = [];
  if (name === "") return hits;
  for (let from = text.indexOf(name); from >= 0; from = text.indexOf(name, from + 1)) {
    const to = from + name.length;
    if (endsBefore(text, from) && startsAfter(text, to)) hits.push({ name, from, to });
  }
  return hits;
}

const partOfName = /[\p{L}\p{N}_/~*|@#$%+=\\-]/u;

/** Whether no longer name goes on up to `from`. */
function endsBefore(text: string, from: number): boolean {
  const before = text.charAt(from - 1);
  if (before === "." || before === ":") return !partOfName.test(text.charAt(from - 2));
  return !partOfName.test(before);
}

/** Whether no longer name goes on from `to`: a dot or colon that something follows is a part of one. */
function startsAfter(text: string, to: number): boolean {
  const after = text.charAt(to);
  if (after === "." || after === ":") return !partOfName.test(text.charAt(to + 1));
  return !partOfName.test(after);
}

function isTelling(text: string, { name, from, to }: Hit): boolean {
  if (!/^\p{L}+$/u.test(name)) return true;
  const quote = text.charAt(from - 1);
  return (/["'`]/.test(quote) && text.charAt(to) === quote) || text.charAt(to) === ":";
}

function covers(other: Hit, { from, to }: { from: number; to: number }): boolean {
  return other.from <= from && other.to >= to && other.to - other.from > to - from;
}

/** One of the list that begins at `start`: after a comma or on a line of its own, and followed by why. */
function isItem(text: string, start: number, { from, to }: Hit): boolean {
  const isFirst = from === start;
  const isNext = from > start && (text.charAt(from - 1) === "\n" || text.slice(from - 2, from) === ", ");
  return (isFirst || isNext) && (/[:,]/.test(text.charAt(to)) || to === text.length);
}
