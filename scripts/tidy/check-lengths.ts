import { functionSpans } from "./function-spans.ts";
import { type Finding, isForTests, isGenerated, isTypeScript, type SourceFile } from "./source-tree.ts";

const fileLinesMax = 500;
const testFileLinesMax = 600;
const functionLinesMax = 70;

/** Lengths of files, and of functions outside tests. */
export function checkLengths(files: readonly SourceFile[]): readonly Finding[] {
  return files
    .filter(({ path }) => isTypeScript(path) && !isGenerated(path))
    .flatMap((file) => [...longFile(file), ...longFunctions(file)]);
}

function longFile({ path, text }: SourceFile): Finding[] {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const max = isForTests(path) ? testFileLinesMax : fileLinesMax;
  return lines > max ? [{ path, line: max + 1, message: `the file has ${lines} lines, at most ${max}` }] : [];
}

function longFunctions({ path, code }: SourceFile): Finding[] {
  if (isForTests(path)) return [];
  return functionSpans(code)
    .map((span) => ({ span, lines: span.lastLine - span.firstLine + 1 }))
    .filter(({ lines }) => lines > functionLinesMax)
    .map(({ span, lines }) => ({
      path,
      line: span.firstLine,
      message: `the function has ${lines} lines, at most ${functionLinesMax}: ${span.header}`,
    }));
}
