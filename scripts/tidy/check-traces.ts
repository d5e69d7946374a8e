import { type Finding, isTypeScript, matches, type SourceFile } from "./source-tree.ts";

// A letter in brackets keeps a pattern from finding itself.
const anywhere: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w.\-/])\/work\/[\w.-]*/g, "a path of one machine: $&"],
  [
    /https?:\/\/[^\s"'/]*(?:registry|pypi|pythonhosted|goproxy|proxy\.golang)[^\s"'/]*/gi,
    "a registry's host: $&",
  ],
  [/"resolved": "h[t]tp[^"]*"/g, "a lock file names the registry that it was made with"],
];

const inSource: readonly (readonly [RegExp, string])[] = [
  [/\b(?:TO[D]O|FIX[M]E|XX[X]|HAC[K])\b/g, "$& left in the source"],
  [/@ts-(?:ignore|nocheck|expect-error)\b/g, "$& hides what the compiler says"],
];

/** What betrays the machine that a file was written on, and notes to oneself. */
export function checkTraces(files: readonly SourceFile[]): readonly Finding[] {
  return files.flatMap((file) =>
    [...anywhere, ...(isTypeScript(file.path) ? inSource : [])].flatMap(([pattern, message]) =>
      matches(file, file.text, pattern, message),
    ),
  );
}
