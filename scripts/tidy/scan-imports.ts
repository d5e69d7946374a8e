import { lineAt, type SourceFile } from "./source-tree.ts";

/** One module that a file names: by import, export from, dynamic import, or as a type. */
export interface Import {
  readonly specifier: string;
  /** From 1. */
  readonly line: number;
  /** What stands in the braces, without `type` and `as`; empty where nothing does. */
  readonly names: readonly string[];
}

// `from` is a name like any other, but only in an import or export can a string follow it directly.
const specifierStart =
  /(?<![.\w$])(?:from\s*|import\s*\(?\s*|import\.meta\.resolve\(\s*|require\(\s*)(["'`])/g;

/** All modules that a file names, types included, in the order of the file. */
export function scanImports(file: SourceFile): readonly Import[] {
  const found: Import[] = [];
  for (const match of file.code.matchAll(specifierStart)) {
    const start = match.index + match[0].length;
    const end = file.code.indexOf(match[1] ?? "", start);
    if (end === -1) continue;
    found.push({
      specifier: file.text.slice(start, end),
      line: lineAt(file.text, start),
      names: namesBefore(file.code, match.index),
    });
  }
  return found;
}

/** The names of `import { a, type b as c } from`, which ends at `end`. */
function namesBefore(code: string, end: number): readonly string[] {
  const braces = /(?:import|export)\s+(?:type\s+)?(?:[\w$]+\s*,\s*)?\{([^{}]*)\}\s*$/.exec(
    code.slice(0, end),
  );
  const names = braces?.[1]?.split(",") ?? [];
  return names
    .map((name) =>
      name
        .trim()
        .replace(/^type\s+/, "")
        .replace(/\s+as\s.*$/, ""),
    )
    .filter((name) => name !== "");
}
