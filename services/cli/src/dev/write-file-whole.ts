import { rename, writeFile } from "node:fs/promises";

/** Writes a file that others see whole or not at all. */
export async function writeFileWhole(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, path);
}
