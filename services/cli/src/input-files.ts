import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { compareStrings, Failure, fromUtf8 } from "@routeledger/std";

/** The largest input of one command, bytes: what the api takes. */
export const inputBytesMax = 64 * 1024 * 1024;

const extensions = [".yaml", ".yml", ".json"];

export interface InputFile {
  /** As the user named it; `-` is standard input. */
  readonly path: string;
  readonly text: string;
}

/** A file that is no text: it is refused, the others go on. */
export interface UnreadableFile {
  readonly path: string;
  readonly reason: string;
}

export interface Inputs {
  readonly files: readonly InputFile[];
  readonly unreadable: readonly UnreadableFile[];
}

export interface ReadInputsOptions {
  readonly recursive: boolean;
  readonly readStdin: () => Promise<Uint8Array>;
}

/**
 * Reads files, folders (their .yaml, .yml and .json files, by name; below them too with `recursive`) and `-`.
 * @throws Failure `cli.input` when a path does not exist, a folder holds no such file, or all is over 64 MiB
 */
export async function readInputs(paths: readonly string[], options: ReadInputsOptions): Promise<Inputs> {
  const files: InputFile[] = [];
  const unreadable: UnreadableFile[] = [];
  let total = 0;
  for (const path of await expand(paths, options.recursive)) {
    const bytes = path === "-" ? await options.readStdin() : await bytesOf(path);
    total += bytes.length;
    if (total > inputBytesMax) {
      throw inputFailure(`read ${path}: all input together is over 64 MiB`, "apply it in several steps");
    }
    const text = textOf(bytes);
    if (text === undefined) unreadable.push({ path, reason: "is binary: expected YAML or JSON in UTF-8" });
    else files.push({ path, text });
  }
  return { files, unreadable };
}

async function expand(paths: readonly string[], recursive: boolean): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    if (path === "-") found.push(path);
    else if (await isFolder(path)) found.push(...(await filesIn(path, recursive)));
    else found.push(path);
  }
  return [...new Set(found)];
}

async function filesIn(folder: string, recursive: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive });
  const files = entries
    .filter((entry) => entry.isFile() && extensions.some((extension) => entry.name.endsWith(extension)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort(compareStrings);
  if (files.length > 0) return files;
  throw inputFailure(
    `read ${folder}: no .yaml, .yml or .json file in it`,
    recursive ? undefined : "-R looks below it too",
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw inputFailure(`the path "${path}" does not exist or cannot be read`, undefined, cause);
  }
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw inputFailure(
      `read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      undefined,
      cause,
    );
  }
}

/** Undefined for bytes that are no UTF-8 or hold a NUL, which no YAML or JSON does. */
function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return fromUtf8(bytes);
  } catch {
    return undefined;
  }
}

function inputFailure(message: string, hint?: string, cause?: unknown): Failure {
  return new Failure(message, {
    code: "cli.input",
    retryable: false,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
