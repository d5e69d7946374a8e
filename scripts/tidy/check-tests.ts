import { type Finding, isForTests, isTypeScript, matches, type SourceFile } from "./source-tree.ts";

const dormant = [
  /\b(?:test|it|describe|suite|t|context)\s*\.\s*(?:skip|only|todo)\b/g,
  /[{,]\s*(?:skip|only|todo)\s*:\s*(?!\s|false\b)[^,}\n]*/g,
];

/** A test never skips itself, and never keeps the others from running. */
export function checkTests(files: readonly SourceFile[]): readonly Finding[] {
  return files
    .filter(({ path }) => isTypeScript(path) && isForTests(path))
    .flatMap((file) =>
      dormant.flatMap((pattern) => matches(file, file.code, pattern, "a test that does not run: $&")),
    );
}
