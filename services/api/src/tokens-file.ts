import { readFile, stat } from "node:fs/promises";
import type { Logger } from "@routeledger/service-kit";
import { type Clock, Failure } from "@routeledger/std";
import { type ApiTokens, parseTokens } from "./api-tokens.ts";

/** How often the file is looked at, milliseconds. */
const lookEveryMs = 1_000;

export interface TokensFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The tokens of a file that is read again within a second of its change. */
export interface TokensFile extends ApiTokens {
  /** Looks no more. Idempotent. */
  stop(): void;
}

/**
 * Reads a tokens file and keeps reading it. When it cannot be read or is wrong later on, the tokens that it last held
 * stay, and the log says so.
 * @throws Failure `api.tokens` when it cannot be read, or a line of it is none, at the start
 */
export async function openTokensFile({ path, clock, logger }: TokensFileOptions): Promise<TokensFile> {
  let look = await lookOf(path);
  let tokens = await read(path);
  let stopped = false;
  let cancel = clock.after(lookEveryMs, again);

  function again(): void {
    void reread().finally(() => {
      if (!stopped) cancel = clock.after(lookEveryMs, again);
    });
  }

  async function reread(): Promise<void> {
    const now = await lookOf(path);
    if (now === look) return;
    look = now;
    try {
      tokens = await read(path);
      logger.info({ path }, "the tokens file was read again");
    } catch (err) {
      logger.error({ err, path }, "the tokens file cannot be read: the tokens that it held before stay");
    }
  }

  return {
    actorOf: (token) => tokens.actorOf(token),
    stop() {
      stopped = true;
      cancel();
    },
  };
}

/** Differs when the file may have changed. */
async function lookOf(path: string): Promise<string> {
  const seen = await stat(path).catch(() => undefined);
  return seen === undefined ? "" : `${seen.ino} ${seen.size} ${seen.mtimeMs}`;
}

async function read(path: string): Promise<ApiTokens> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new Failure(`read the tokens: ${(cause as Error).message}`, {
      code: "api.tokens",
      retryable: false,
      hint: "--tokens-file names a file of lines `<actor> <token>`",
      cause,
    });
  }
  return parseTokens(text);
}
