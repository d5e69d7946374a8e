import { readFile } from "node:fs/promises";
import { followFile, type Logger } from "@routeledger/service-kit";
import { type Clock, Failure } from "@routeledger/std";
import { type ApiTokens, parseTokens } from "./api-tokens.ts";

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
  const file = await followFile({
    path,
    clock,
    read,
    onRead: () => logger.info({ path }, "the tokens file was read again"),
    onFailed: (err) =>
      logger.error({ err, path }, "the tokens file cannot be read: the tokens that it held before stay"),
  });
  return { actorOf: (token) => file.value.actorOf(token), stop: () => file.stop() };
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
