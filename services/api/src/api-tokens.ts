import { timingSafeEqual } from "node:crypto";
import { Failure, sha256, utf8 } from "@routeledger/std";

/** Characters of a token: fewer could be guessed. */
export const tokenLengthMin = 16;
const tokenLengthMax = 1024;
/** Lines of a tokens file that name a token. */
const tokensMax = 10_000;

/** What the log shows as `actor`: a name that stands in a line without quotes. */
const actorPattern = /^[A-Za-z0-9][A-Za-z0-9._@:/-]{0,127}$/;

/** Who writes with which token. */
export interface ApiTokens {
  /** Undefined for a token of nobody. Takes the same time for every token of the same length. */
  actorOf(token: string): string | undefined;
}

interface NamedToken {
  readonly actor: string;
  readonly digest: Uint8Array;
}

/**
 * Reads `<actor> <token>`, one a line; `#` begins a comment line. An actor may have several tokens, so that one can be
 * replaced by another. Keeps the tokens' SHA-256 only.
 *
 * @throws Failure `api.tokens` that names each line that is none, never a token
 */
export function parseTokens(text: string): ApiTokens {
  const named: NamedToken[] = [];
  const problems: string[] = [];
  const seen = new Map<string, number>();
  for (const [index, written] of text.split("\n").entries()) {
    const line = written.trim();
    if (line === "" || line.startsWith("#")) continue;
    const number = index + 1;
    const [actor = "", token = "", ...more] = line.split(/\s+/);
    const problem = more.length > 0 ? "expected `<actor> <token>`" : problemOf(actor, token);
    const digest = sha256(utf8(token));
    const key = Buffer.from(digest).toString("hex");
    const before = seen.get(key);
    if (problem !== undefined) problems.push(`line ${number}: ${problem}`);
    else if (before !== undefined) problems.push(`line ${number}: the token of line ${before} again`);
    else named.push({ actor, digest });
    seen.set(key, before ?? number);
  }
  if (named.length > tokensMax) problems.push(`${named.length} tokens, expected at most ${tokensMax}`);
  if (named.length + problems.length === 0) problems.push("no token in it");
  if (problems.length > 0) throw tokensFailure(problems);
  return { actorOf: (token) => actorAmong(named, token) };
}

function problemOf(actor: string, token: string): string | undefined {
  if (!actorPattern.test(actor)) {
    return "an actor is a letter or digit and up to 127 more of them or of . _ @ : / -";
  }
  if (actor.startsWith("bus/")) return "an actor that begins with bus/ is somebody on the bus";
  if (token.length < tokenLengthMin || token.length > tokenLengthMax) {
    return `the token of ${actor}: expected ${tokenLengthMin} to ${tokenLengthMax} characters, got ${token.length}`;
  }
  return undefined;
}

/** Looks at all of them, whichever it is. */
function actorAmong(named: readonly NamedToken[], token: string): string | undefined {
  const digest = sha256(utf8(token));
  let found: string | undefined;
  for (const { actor, digest: expected } of named) {
    if (timingSafeEqual(digest, expected)) found = actor;
  }
  return found;
}

function tokensFailure(problems: readonly string[]): Failure {
  const shown = problems.slice(0, 5).join("; ");
  const more = problems.length > 5 ? `; and ${problems.length - 5} more` : "";
  return new Failure(`read the tokens: ${shown}${more}`, {
    code: "api.tokens",
    retryable: false,
    hint: "each line is `<actor> <token>`; `openssl rand -base64 24` makes a token",
  });
}
