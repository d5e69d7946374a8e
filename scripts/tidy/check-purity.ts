import { type Import, scanImports } from "./scan-imports.ts";
import { type Finding, isForTests, isTypeScript, matches, type SourceFile } from "./source-tree.ts";

const purePackage = /^libs\/(?:config-model|xds-model|translation|xds-stream|route-explain)\/src\//;

const impurities = [
  /\bDate\.now\b/g,
  /(?<![.\w$])(?:new\s+Date\b(?!\s*\(\s*[^\s)])|Date\s*\(\s*\))/g,
  /\bMath\.random\b/g,
  /(?<![.\w$])crypto\b\s*\.\s*(?:random\w+|getRandomValues)/g,
  /(?<![.\w$])process\s*\./g,
  /\bperformance\.now\b/g,
  /(?<![.\w$])(?:globalThis\.)?(?:set|clear)(?:Timeout|Interval|Immediate)\b/g,
  /(?<![.\w$])(?:queueMicrotask|fetch)\s*\(/g,
  /(?<![.\w$])console\s*\./g,
  /\bsystemClock\b/g,
];

/** What a pure package may take of `node:crypto`: functions of their arguments. */
const pureCrypto = new Set(["createPrivateKey", "KeyObject", "X509Certificate"]);

function isPureImport({ specifier, names }: Import): boolean {
  return specifier === "node:crypto" && names.length > 0 && names.every((name) => pureCrypto.has(name));
}

/** The pure packages use no clock, randomness, environment, timer or I/O (design.md, "Pure in the middle"). */
export function checkPurity(files: readonly SourceFile[]): readonly Finding[] {
  return files
    .filter(({ path }) => isTypeScript(path) && purePackage.test(path) && !isForTests(path))
    .flatMap((file) => [
      ...impurities.flatMap((pattern) => matches(file, file.code, pattern, "a pure package uses $&")),
      ...scanImports(file)
        .filter((found) => found.specifier.startsWith("node:") && !isPureImport(found))
        .map(({ specifier, line }) => ({
          path: file.path,
          line,
          message: `a pure package imports ${specifier}`,
        })),
    ]);
}
