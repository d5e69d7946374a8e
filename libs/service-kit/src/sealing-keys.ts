import { readFile, stat } from "node:fs/promises";
import { type Clock, Failure, Keyring, parseKeyFile } from "@routeledger/std";
import { followFile } from "./follow-file.ts";
import type { Logger } from "./logger.ts";
import type { ProcessTools } from "./run-process.ts";

/** The setting of those that seal Secrets or open them. */
export const sealingKeySettings = [
  {
    name: "secretsKeyFile",
    env: "ROUTELEDGER_SECRETS_KEY_FILE",
    flag: "--secrets-key-file",
    type: "string",
    default: "",
    unit: "",
    description:
      "the keys that seal Secrets: a key a line, the newest first, mode 0600; without it no Secret is taken or served",
  },
] as const;

export interface SealingKeysOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The keys of a file that is read again within a second of its change, so that a new one needs no restart. */
export interface SealingKeys {
  /** What the file last held. Another instance when it changed. */
  readonly keyring: Keyring;
  /** Calls back after each change. */
  onChanged(listener: () => void): void;
  /** Looks no more. Idempotent. */
  stop(): void;
}

/**
 * Reads a key file and keeps reading it. When it cannot be read or is wrong later on, the keys that it last held stay,
 * and the log says so.
 * @throws Failure `secrets.key` when it cannot be read, is no key file, or others than its owner may read it
 */
export async function openSealingKeys({ path, clock, logger }: SealingKeysOptions): Promise<SealingKeys> {
  const listeners: (() => void)[] = [];
  const file = await followFile({
    path,
    clock,
    read: readKeyring,
    onRead({ sealingKeyId, keyIds }) {
      logger.info({ path, sealingKeyId, keyIds }, "the sealing keys were read again");
      for (const listener of listeners) listener();
    },
    onFailed: (err) =>
      logger.error({ err, path }, "the sealing keys cannot be read: those that were read before stay"),
  });
  return {
    get keyring() {
      return file.value;
    },
    onChanged: (listener) => void listeners.push(listener),
    stop: () => file.stop(),
  };
}

/** The keys of a process, until it stops; undefined where the setting is empty. @throws as `openSealingKeys` */
export async function startSealingKeys(
  path: string,
  clock: Clock,
  { parts, logger }: Pick<ProcessTools, "parts" | "logger">,
): Promise<SealingKeys | undefined> {
  if (path === "") return undefined;
  return parts.started(await openSealingKeys({ path, clock, logger }));
}

/** @throws Failure `secrets.key` */
async function readKeyring(path: string): Promise<Keyring> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, "0");
      throw keyFailure(path, `its mode is ${shown}: others than its owner may use it`, `chmod 600 ${path}`);
    }
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const hint = `--secrets-key-file names a file of keys; \`routeledger secrets new-key ${path}\` makes one`;
    throw keyFailure(path, (cause as Error).message, hint);
  }
  const read = parseKeyFile(text);
  if (read instanceof Keyring) return read;
  throw keyFailure(
    path,
    read.problem,
    "a key a line, the newest first: `routeledger secrets new-key` makes one",
  );
}

function keyFailure(path: string, why: string, hint: string): Failure {
  return new Failure(`read the sealing keys of ${path}: ${why}`, {
    ...{ code: "secrets.key", retryable: false, hint, fields: { path } },
  });
}
