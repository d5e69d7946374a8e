/**
 * Records what the code of a Kubernetes API server says of a few hundred objects, most of them wrong, in
 * `test/golden/validation/verdicts.jsonl`; a golden test compares our validation with it.
 *
 *   node scripts/record-verdicts.ts [COPIES [SEED]]
 *
 * Needs Go, and builds a program of Kubernetes' own packages: a minute or two, and 30 MB. It is run when the CRDs'
 * modules or the compared version of Kubernetes change, never by `make test`.
 */
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { crdPaths } from "./schemas/crd-source.ts";
import { changedObjects } from "./verdicts/change-objects.ts";

const [copies = "24", seed = "1"] = process.argv.slice(2);
const target = join(import.meta.dirname, "../test/golden/validation/verdicts.jsonl");
const run = promisify(execFile);

const folder = await mkdtemp(join(tmpdir(), "verdicts-"));
try {
  await cp(join(import.meta.dirname, "verdicts"), folder, { recursive: true });
  process.stdout.write("building a judge of Kubernetes' own packages\n");
  await run("go", ["build", "-o", "verdicts", "."], { cwd: folder });
  const objects = changedObjects(Number(copies), Number(seed));
  const verdicts = await judge(objects.map((object) => JSON.stringify(object)));
  const lines = objects.map((object, index) => {
    const { errors, object: defaulted } = JSON.parse(verdicts[index]!) as {
      errors: string[];
      object: unknown;
    };
    return JSON.stringify(errors.length > 0 ? { object, errors } : { object, defaulted });
  });
  await writeFile(target, `${lines.join("\n")}\n`);
  process.stdout.write(`${lines.length} verdicts\n`);
} finally {
  await rm(folder, { recursive: true });
}

async function judge(lines: readonly string[]): Promise<string[]> {
  const child = run(join(folder, "verdicts"), await crdPaths(), { maxBuffer: 2 ** 30 });
  child.child.stdin?.end(`${lines.join("\n")}\n`);
  return (await child).stdout.trimEnd().split("\n");
}
