/**
 * Checks the rules of layout and style that neither the compiler nor the linter knows: `node scripts/tidy.ts`.
 * Looks at all files that git tracks, and at new ones that it does not ignore. Exit code 1 when something is found.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type SourceFile, sourceFile } from "./tidy/source-tree.ts";
import { tidyFindings } from "./tidy/tidy-checks.ts";

const listBytesMax = 16 * 1024 * 1024;
const fileBytesMax = 4 * 1024 * 1024;

/** Text files of the checkout: what has no zero byte and is of a size that people write. */
function readTree(root: string): readonly SourceFile[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: listBytesMax,
  });
  return list.split("\0").flatMap((path) => {
    // A tracked file that was just deleted is no finding.
    const stat = path === "" ? undefined : statSync(join(root, path), { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size > fileBytesMax) return [];
    const text = readFileSync(join(root, path), "utf8");
    return text.includes("\0") ? [] : [sourceFile(path, text)];
  });
}

const files = readTree(process.argv[2] ?? join(import.meta.dirname, ".."));
const findings = tidyFindings(files);
for (const { path, line, message } of findings) process.stdout.write(`${path}:${line}: ${message}\n`);
process.stdout.write(`tidy: ${files.length} files, ${findings.length} findings\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
