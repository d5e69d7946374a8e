import { stripSource } from "./strip-source.ts";

/** A tracked text file. */
export interface SourceFile {
  /** From the root of the checkout, with `/`. */
  readonly path: string;
  readonly text: string;
  /** The text as `stripSource` leaves it; the text itself where the file is not TypeScript. */
  readonly code: string;
}

/** One breach of a rule, at one place. */
export interface Finding {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Looks at the whole tree, so that it can compare files; reads and writes nothing. */
export type Check = (files: readonly SourceFile[]) => readonly Finding[];

export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, code: isTypeScript(path) ? stripSource(text) : text };
}

export function isTypeScript(path: string): boolean {
  return path.endsWith(".ts") && !path.endsWith(".d.ts");
}

/** Written by a program, so held to none of the rules for people. */
export function isGenerated(path: string): boolean {
  return /(^|\/)generated\/|\.generated\./.test(path);
}

/**
 * Runs tests or holds what only tests use: `foo.test.ts`, all of `test/`, a package's `testing` entry and its exported
 * contract tests, `src/contract/`.
 */
export function isForTests(path: string): boolean {
  return (
    path.startsWith("test/") ||
    path.endsWith(".test.ts") ||
    /\/src\/(testing(\.ts$|\/|-)|contract\/)/.test(path)
  );
}

/** The folder of the npm package that the file belongs to, `libs/std`; "" for what belongs to none. */
export function packageFolder(path: string): string {
  const match = /^((libs|services)\/[^/]+|test|examples\/extension)\//.exec(path);
  return match?.[1] ?? "";
}

/** The line of a position in a text, from 1. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < position; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

/** One finding for each place where the pattern (with flag `g`) matches. */
export function matches(file: SourceFile, text: string, pattern: RegExp, message: string): Finding[] {
  return [...text.matchAll(pattern)].map((match) => ({
    path: file.path,
    line: lineAt(text, match.index),
    message: message.replace("$&", match[0].trim()),
  }));
}
