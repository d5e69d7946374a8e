import { checkImports } from "./check-imports.ts";
import { checkLengths } from "./check-lengths.ts";
import { checkNames } from "./check-names.ts";
import { checkPurity } from "./check-purity.ts";
import { checkTests } from "./check-tests.ts";
import { checkTraces } from "./check-traces.ts";
import type { Check, Finding, SourceFile } from "./source-tree.ts";

const checks: readonly Check[] = [
  checkImports,
  checkLengths,
  checkNames,
  checkPurity,
  checkTests,
  checkTraces,
];

/** All findings of all checks, by path and line. */
export function tidyFindings(files: readonly SourceFile[]): readonly Finding[] {
  return checks
    .flatMap((check) => check(files))
    .sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}
