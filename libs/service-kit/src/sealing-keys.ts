import { readFile, stat } from "node:fs/promises";
import { type Clock, Failure, Keyring, parseKeyFile } from "@routeledger/std";
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

/** How often the file is looked at, milliseconds. */
const lookEveryMs = 1_000;

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
  let look = await lookOf(path);
  let keyring = await readKeyring(path);
  let stopped = false;
  let cancel = clock.after(lookEveryMs, again);
  const listeners: (() => void)[] = [];

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
      keyring = await readKeyring(path);
    } catch (err) {
      logger.error({ err, path }, "the sealing keys cannot be read: those that were read before stay");
      return;
    }
    const { sealingKeyId, keyIds } = keyring;
    logger.info({ path, sealingKeyId, keyIds }, "the sealing keys were read again");
    for (const listener of listeners) listener();
  }

  return {
    get keyring() {
      return keyring;
    },
    onChanged: (listener) => void listeners.push(listener),
    stop() {
      stopped = true;
      cancel();
    },
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

/** Differs when the file may have changed. */
async function lookOf(path: string): Promise<string> {
  const seen = await stat(path).catch(() => undefined);
  return seen === undefined ? "" : `${seen.ino} ${seen.size} ${seen.mtimeMs} ${seen.mode}`;
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
