import { lineAt } from "./source-tree.ts";

/** Where a function with a body in braces stands. */
export interface FunctionSpan {
  /** As it is written, at most 60 characters. */
  readonly header: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

interface Frame {
  /** An object or type, where commas part members and the brace ends no statement. */
  readonly isLiteral: boolean;
  /** Set where the braces are a function's body. */
  readonly header: string | undefined;
  readonly startsAt: number;
  /** What stands between the last end of a statement and here. */
  pending: string;
  pendingAt: number;
  parentheses: number;
}

const controlWords = /^(?:if|for|while|switch|catch|with|else|do|try|finally|return|throw|await|new|case)\b/;
const methodHeader =
  /^(?:(?:static|override|async|get|set|private|protected|public)\s+)*\*?\s*[#\w$[\]]+\s*(?:<[\s\S]*>)?\(/;

/**
 * All functions of a source, inner ones included, by matching braces: declarations, methods, and arrow functions
 * whose body is a block. An arrow function counts from its brace, since what it is passed to is not part of it.
 * @param code as `stripSource` leaves it
 */
export function functionSpans(code: string): readonly FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  const frames: Frame[] = [newFrame(false, undefined, 0)];
  for (let at = 0; at < code.length; at += 1) {
    const char = code.charAt(at);
    const frame = frames.at(-1);
    if (frame === undefined) break;
    if (char === "{") {
      frames.push(openFrame(frame, at));
    } else if (char === "}" && frames.length > 1) {
      frames.pop();
      if (frame.header !== undefined) spans.push(span(code, frame, at));
      closeInto(frames.at(-1), frame);
    } else {
      consume(frame, char, at);
    }
  }
  return spans;
}

function newFrame(isLiteral: boolean, header: string | undefined, startsAt: number): Frame {
  return { isLiteral, header, startsAt, pending: "", pendingAt: startsAt, parentheses: 0 };
}

function openFrame(frame: Frame, at: number): Frame {
  const before = frame.pending.trim();
  if (before.endsWith("=>")) return newFrame(false, before, at);
  const isLiteral =
    /[=(,:[?|&<.]$|\b(?:return|extends|satisfies|as|default)$/.test(before) || endsInType(frame, before);
  if (isLiteral) return newFrame(true, undefined, at);
  const isFunction = /\bfunction\b/.test(before) || (methodHeader.test(before) && !controlWords.test(before));
  return newFrame(false, isFunction ? before : undefined, frame.pendingAt);
}

/** `export {`, `import type {`, or a block where only a value can stand: inside parentheses. */
function endsInType(frame: Frame, before: string): boolean {
  return /^(?:import|export)(?:\s+type)?(?:\s+\w+\s*,)?$/.test(before) || frame.parentheses > 0;
}

/** After a literal or an arrow function the statement goes on; after any other block it is over. */
function closeInto(parent: Frame | undefined, closed: Frame): void {
  if (parent === undefined) return;
  if (closed.isLiteral || closed.header?.endsWith("=>")) parent.pending += "{}";
  else parent.pending = "";
}

function consume(frame: Frame, char: string, at: number): void {
  if (char === "(") frame.parentheses += 1;
  if (char === ")") frame.parentheses -= 1;
  if ((char === ";" || (char === "," && frame.isLiteral)) && frame.parentheses <= 0) {
    frame.pending = "";
    return;
  }
  if (frame.pending.trim() === "" && char.trim() !== "") {
    frame.pending = "";
    frame.pendingAt = at;
  }
  frame.pending += char;
}

function span(code: string, frame: Frame, end: number): FunctionSpan {
  const header = (frame.header ?? "").replaceAll(/\s+/g, " ").slice(0, 60);
  return { header, firstLine: lineAt(code, frame.startsAt), lastLine: lineAt(code, end) };
}
