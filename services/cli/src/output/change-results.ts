import type { ChangeAnswer, InputProblem, ObjectResult } from "../api-types.ts";
import { resourceName } from "../object-names.ts";
import { paint, type Terminal } from "../terminal.ts";

/**
 * Writes one line for each object, as kubectl does, and what was refused to standard error.
 * Returns whether anything was refused.
 */
export function writeResults(terminal: Terminal, answer: ChangeAnswer, suffix: string): boolean {
  let refused = false;
  for (const result of answer.results) {
    if (result.outcome === "refused") {
      refused = true;
      for (const error of result.errors ?? []) terminal.err(refusal(terminal, result, error));
    } else if (result.outcome === "ignored") {
      for (const error of result.errors ?? [])
        terminal.err(`Warning: ${place(result, error)}${error.message}\n`);
    } else if (result.outcome === "notFound") {
    } else if (result.ref !== undefined) {
      terminal.out(`${outcomeLine(result)}${suffix}\n`);
    }
  }
  return refused;
}

/** What stands behind each line: nothing of a change that counts already. */
export function suffixOf(answer: ChangeAnswer, dryRun = false): string {
  if (dryRun) return " (dry run)";
  return answer.switch === undefined || answer.switch === null ? "" : " (prepared)";
}

function outcomeLine(result: ObjectResult): string {
  const { ref } = result;
  if (ref === undefined) return result.outcome;
  if (result.outcome === "deleted") return `${resourceName(ref).replace("/", ' "')}" deleted`;
  return `${resourceName(ref)} ${result.outcome}`;
}

/** `error: routes.yaml document 2: HTTPRoute default/shop: spec.rules[0].x: expected a string`. */
function refusal(terminal: Terminal, result: ObjectResult, error: InputProblem): string {
  const { ref } = result;
  const object =
    ref === undefined ? "" : `${ref.kind} ${ref.namespace === "" ? "" : `${ref.namespace}/`}${ref.name}: `;
  const field = error.field === undefined || error.field === "" ? "" : `${error.field}: `;
  const expected =
    error.expected === undefined || error.expected === "" ? "" : ` (expected ${error.expected})`;
  const shown = error.message.includes(error.expected ?? "\0") ? "" : expected;
  const line = `${paint(terminal, "red", "error:")} ${place(result, error)}${object}${field}${error.message}${shown}\n`;
  return error.hint === undefined ? line : `${line}hint: ${error.hint}\n`;
}

function place(result: ObjectResult, error: InputProblem): string {
  const file = error.file ?? result.file;
  if (file === undefined) return "";
  const document = error.document ?? result.document;
  const line = error.line === undefined ? "" : `:${error.line}`;
  return `${file === "-" ? "standard input" : file}${line}${document === undefined ? "" : ` document ${document}`}: `;
}
