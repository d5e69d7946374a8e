/**
 * Derives the schemas of `libs/config-model/src/generated` from the CRDs of pinned Go modules.
 *
 *   node scripts/generate-schemas.ts            writes them, and deletes what is no longer generated
 *   node scripts/generate-schemas.ts --check    writes nothing; exit code 1 names the files that differ
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readCrds } from "./schemas/crd-source.ts";
import { renderSchemas } from "./schemas/render-schemas.ts";

const ROOT = join(import.meta.dirname, "../libs/config-model/src/generated");

const fresh = renderSchemas(await readCrds());
const present = await presentFiles();
const stale = [...present.keys()].filter((path) => !fresh.has(path));
const changed = [...fresh].filter(([path, text]) => present.get(path) !== text);

if (process.argv.includes("--check")) {
  for (const path of stale) process.stderr.write(`${path}: not generated any more\n`);
  for (const [path] of changed) process.stderr.write(`${path}: differs from a fresh generation\n`);
  if (stale.length + changed.length > 0) {
    process.stderr.write("run: node scripts/generate-schemas.ts\n");
    process.exitCode = 1;
  }
} else {
  await mkdir(join(ROOT, "schemas"), { recursive: true });
  for (const path of stale) await rm(join(ROOT, path));
  for (const [path, text] of changed) await writeFile(join(ROOT, path), text);
  process.stdout.write(`${fresh.size} files, ${changed.length} written, ${stale.length} deleted\n`);
}

/** All that is in the generated folder of the package: the generator owns it. */
async function presentFiles(): Promise<Map<string, string>> {
  const entries = await readdir(ROOT, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, string>();
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(ROOT.length + 1), await readFile(path, "utf8"));
  }
  return files;
}
