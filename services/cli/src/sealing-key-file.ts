/** Makes keys that seal Secrets. Whoever loses them loses what they sealed, so a file is on disk before it is used. */
import { chmod, link, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure, Keyring, parseKeyFile, SEALING_KEY_BYTES, SEALING_KEYS_MAX } from "@routeledger/std";

type RandomBytes = (length: number) => Uint8Array;

/**
 * Makes a key file with one new key, mode 0600; does nothing where a file is, whoever made it meanwhile.
 * @returns whether it was made
 */
export async function makeKeyFile(path: string, randomBytes: RandomBytes): Promise<boolean> {
  const unfinished = await writeUnfinished(path, newLine(randomBytes));
  try {
    await link(unfinished, path);
    await syncFolder(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw failure(path, (error as Error).message);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/**
 * Puts a new key before those that a key file holds, or makes the file.
 * @returns the ids of all its keys, the newest first
 * @throws Failure `secrets.key` when the file cannot be read or written, is no key file, or is full
 */
export async function addNewestKey(path: string, randomBytes: RandomBytes): Promise<readonly string[]> {
  const before = await textOf(path);
  const known = before === undefined ? undefined : parseKeyFile(before);
  if (known !== undefined && !(known instanceof Keyring)) throw failure(path, known.problem);
  if (known !== undefined && known.keyIds.length >= SEALING_KEYS_MAX)
    throw failure(
      path,
      `it holds ${SEALING_KEYS_MAX} keys: drop old ones, after \`routeledger secrets reseal\``,
    );
  const text = newLine(randomBytes) + (before ?? "");
  const unfinished = await writeUnfinished(path, text);
  await rename(unfinished, path);
  await syncFolder(path);
  const keyring = parseKeyFile(text);
  return keyring instanceof Keyring ? keyring.keyIds : [];
}

function newLine(randomBytes: RandomBytes): string {
  return `${Buffer.from(randomBytes(SEALING_KEY_BYTES)).toString("base64")}\n`;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw failure(path, (error as Error).message);
  }
}

/** On disk, beside the file that it will be. */
async function writeUnfinished(path: string, text: string): Promise<string> {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(unfinished, "w", 0o600);
    await file.writeFile(text);
    await file.sync();
    await file.close();
    // The file may have been there from a process that ended, with another mode.
    await chmod(unfinished, 0o600);
    return unfinished;
  } catch (error) {
    throw failure(path, (error as Error).message);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  await folder.sync();
  await folder.close();
}

function failure(path: string, why: string): Failure {
  return new Failure(`make a key in ${path}: ${why}`, {
    ...{ code: "secrets.key", retryable: false, fields: { path } },
  });
}
