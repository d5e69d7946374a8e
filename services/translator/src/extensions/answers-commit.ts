import { type ExtensionAnswer, encodeExtensionAnswers } from "@routeledger/config-model";
import type { CheckpointCommit } from "@routeledger/event-log";

/** The event of some answers; undefined where there are none. */
export function answersCommit(answers: readonly ExtensionAnswer[]): CheckpointCommit | undefined {
  if (answers.length === 0) return undefined;
  return {
    kind: "ExtensionAnswers",
    schemaVersion: 1,
    summary: summaryOf(answers),
    payload: encodeExtensionAnswers(answers),
  };
}

function summaryOf(answers: readonly ExtensionAnswer[]): string {
  const names = [...new Set(answers.map(({ extension }) => extension))].sort();
  const count = (of: (type: string | undefined) => boolean) =>
    answers.filter(({ outcome }) => of(outcome?.type)).length;
  const parts = [
    [count((type) => type !== undefined && type !== "failed"), "answered"],
    [count((type) => type === "failed"), "failed"],
    [count((type) => type === undefined), "forgotten"],
  ] as const;
  const said = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return `extension ${names.slice(0, 3).join(", ")}${names.length > 3 ? ", ..." : ""}: ${said.join(", ")}`;
}
