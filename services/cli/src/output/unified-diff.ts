import type { JsonObject } from "@routeledger/std";
import { paint, type Terminal } from "../terminal.ts";
import { type DiffLine, diffLines } from "./diff-lines.ts";
import { toYaml } from "./yaml.ts";

/** Kept lines that are shown around a change. */
const contextLines = 3;

export interface DiffSides {
  /** What follows `---` and `+++`; `/dev/null` where a side has nothing. */
  readonly name: string;
  readonly old: JsonObject | null | undefined;
  readonly new: JsonObject | null | undefined;
}

/** The difference of two objects as YAML, in git's unified form; empty when they are equal. */
export function unifiedDiff(terminal: Terminal, sides: DiffSides): string {
  const lines = diffLines(yamlLines(sides.old), yamlLines(sides.new));
  if (lines.every((line) => line.mark === " ")) return "";
  const before = sides.old ? `a/${sides.name}` : "/dev/null";
  const after = sides.new ? `b/${sides.name}` : "/dev/null";
  const head = `${paint(terminal, "bold", `--- ${before}`)}\n${paint(terminal, "bold", `+++ ${after}`)}\n`;
  return (
    head +
    hunks(lines)
      .map((hunk) => hunkText(terminal, hunk))
      .join("")
  );
}

interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly DiffLine[];
}

function hunks(lines: readonly DiffLine[]): Hunk[] {
  const near = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - contextLines), index + contextLines + 1)
      .some((line) => line.mark !== " "),
  );
  const found: { oldStart: number; newStart: number; lines: DiffLine[] }[] = [];
  let oldLine = 1;
  let newLine = 1;
  for (const [index, line] of lines.entries()) {
    if (near[index]) {
      if (index === 0 || !near[index - 1]) found.push({ oldStart: oldLine, newStart: newLine, lines: [] });
      found.at(-1)?.lines.push(line);
    }
    if (line.mark !== "+") oldLine++;
    if (line.mark !== "-") newLine++;
  }
  return found;
}

function hunkText(terminal: Terminal, { oldStart, newStart, lines }: Hunk): string {
  const oldCount = lines.filter((line) => line.mark !== "+").length;
  const newCount = lines.filter((line) => line.mark !== "-").length;
  const range = (start: number, count: number): string => `${count === 0 ? start - 1 : start},${count}`;
  const head = paint(terminal, "cyan", `@@ -${range(oldStart, oldCount)} +${range(newStart, newCount)} @@`);
  return `${head}\n${lines.map((line) => `${paintLine(terminal, line)}\n`).join("")}`;
}

function paintLine(terminal: Terminal, { mark, text }: DiffLine): string {
  if (mark === "+") return paint(terminal, "green", `+${text}`);
  if (mark === "-") return paint(terminal, "red", `-${text}`);
  return ` ${text}`;
}

function yamlLines(value: JsonObject | null | undefined): string[] {
  if (value === null || value === undefined) return [];
  return toYaml(value).trimEnd().split("\n");
}
