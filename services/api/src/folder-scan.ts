import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { compareStrings, fromUtf8 } from "@routeledger/std";

/** A file is read when neither its size nor its time of change moved for this long, milliseconds. */
export const stableMs = 50;
/** Files of one folder; more are a mistake. */
export const filesMax = 10_000;

const extensions = [".yaml", ".yml", ".json"];

/** What a file looked like when it was last seen. */
export interface SeenFile {
  readonly path: string;
  readonly size: number;
  readonly changedMs: number;
}

/** The files of a folder and below, sorted by path; hidden ones are left out. Throws the file system's errors. */
export async function listFiles(folder: string): Promise<SeenFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory() && extensions.some((extension) => entry.name.endsWith(extension)))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((name) => name.startsWith(".")));
  if (paths.length > filesMax)
    throw new Error(`it holds ${paths.length} files, expected at most ${filesMax}`);
  const seen: SeenFile[] = [];
  for (const path of paths.sort(compareStrings)) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile()) seen.push({ path, size: found.size, changedMs: found.mtimeMs });
  }
  return seen;
}

export function looksSame(a: SeenFile, b: SeenFile): boolean {
  return a.size === b.size && a.changedMs === b.changedMs;
}

export type FileText =
  | { readonly outcome: "read"; readonly text: string }
  | { readonly outcome: "unreadable"; readonly message: string }
  /** It changed while it was read. */
  | { readonly outcome: "moving" };

/** Reads a file that was seen so; says when it is no longer so. */
export async function readStable(folder: string, seen: SeenFile): Promise<FileText> {
  const path = join(folder, seen.path);
  try {
    const bytes = await readFile(path);
    const after = await stat(path);
    if (
      bytes.length !== seen.size ||
      !looksSame(seen, { ...seen, size: after.size, changedMs: after.mtimeMs })
    ) {
      return { outcome: "moving" };
    }
    return { outcome: "read", text: fromUtf8(bytes) };
  } catch (error) {
    const message = error instanceof TypeError ? "is binary: expected YAML or JSON in UTF-8" : String(error);
    return { outcome: "unreadable", message };
  }
}
