import { basename } from "node:path/posix";
import { type Finding, isGenerated, isTypeScript, type SourceFile } from "./source-tree.ts";

const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:(?:\.[a-z]+)?\.test)?\.ts$/;
const saysNothing = new Set(["util", "utils", "helper", "helpers", "common", "manager", "misc"]);

/** File names: kebab-case, a noun or a function, nothing that could hold anything. */
export function checkNames(files: readonly SourceFile[]): readonly Finding[] {
  return files
    .filter(({ path }) => isTypeScript(path) && !isGenerated(path))
    .flatMap(({ path }) => nameBreaches(basename(path)).map((message) => ({ path, line: 1, message })));
}

function nameBreaches(name: string): string[] {
  if (!kebabCase.test(name)) return [`"${name}" is not kebab-case`];
  if (name === "index.ts") return [`"index" in a file's name says nothing of what is in it`];
  const words = name.replace(/(\..*)?\.ts$/, "").split("-");
  const empty = words.find((word) => saysNothing.has(word));
  return empty === undefined ? [] : [`"${empty}" in a file's name says nothing of what is in it`];
}
