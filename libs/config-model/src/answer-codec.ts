import { codec, type decoded, type routeledger } from "@routeledger/protos";
import { compareStrings, fromHex, SortedMap, toHex } from "@routeledger/std";
import type { ConfigState } from "./config-state.ts";
import {
  type AnswerIndex,
  answerKey,
  type ExtensionAnswer,
  type ExtensionOutput,
  type KnownAnswer,
  withAnswers,
} from "./extension-answer.ts";

const extensionAnswers = codec("routeledger.config.v1.ExtensionAnswers");

type Answer = routeledger.config.v1.ExtensionAnswer;
type DecodedAnswer = decoded.routeledger.config.v1.ExtensionAnswer;

/** The payload of a commit of kind ExtensionAnswers. Answers are sorted; a point occurs once. */
export function encodeExtensionAnswers(answers: readonly ExtensionAnswer[]): Uint8Array {
  const sorted = [...answers].sort(
    (a, b) => compareStrings(a.nodeGroup, b.nodeGroup) || compareStrings(answerKey(a), answerKey(b)),
  );
  return extensionAnswers.encode({ answers: sorted.map(encodeAnswer) });
}

export function decodeExtensionAnswers(payload: Uint8Array): ExtensionAnswer[] {
  return extensionAnswers.decode(payload).answers.map(decodeAnswer);
}

/** What a checkpoint holds of answers, sorted. */
export function encodeStateAnswers({ answers }: ConfigState): routeledger.config.v1.StateAnswer[] {
  return [...answers.values()].flatMap((ofGroup) =>
    [...ofGroup.values()].map(({ newest, good }) => ({
      newest: encodeAnswer(newest),
      ...(good === undefined || good === newest.outcome ? {} : { good: encodeOutput(good) }),
    })),
  );
}

export function decodeStateAnswers(
  written: readonly decoded.routeledger.config.v1.StateAnswer[],
): AnswerIndex {
  const good: ExtensionAnswer[] = [];
  const newest: ExtensionAnswer[] = [];
  for (const one of written) {
    if (one.newest === undefined) continue;
    const answer = decodeAnswer(one.newest);
    newest.push(answer);
    if (one.good !== undefined) good.push({ ...answer, outcome: decodeOutput(one.good) });
  }
  return withAnswers(withAnswers(SortedMap.empty(), good), newest);
}

function encodeAnswer({ outcome, inputDigest, ...point }: ExtensionAnswer | KnownAnswer["newest"]): Answer {
  const known = { ...point, inputDigest: fromHex(inputDigest) };
  if (outcome === undefined) return known;
  if (outcome.type !== "failed") return { ...known, output: encodeOutput(outcome) };
  return { ...known, failure: { code: outcome.code, message: outcome.message } };
}

function encodeOutput(output: ExtensionOutput): routeledger.config.v1.ExtensionOutput {
  switch (output.type) {
    case "changed":
      return { changed: output.bytes };
    case "unchanged":
      return { unchanged: output.bytes };
    case "removed":
      return { removed: true };
    case "translated":
      return {};
  }
}

function decodeAnswer({
  nodeGroup,
  extension,
  hook,
  name,
  inputDigest,
  ...of
}: DecodedAnswer): ExtensionAnswer {
  const point = { nodeGroup, extension, hook, name, inputDigest: toHex(inputDigest) };
  if (of.output !== undefined) return { ...point, outcome: decodeOutput(of.output) };
  if (of.failure === undefined) return { ...point, outcome: undefined };
  return { ...point, outcome: { type: "failed", code: of.failure.code, message: of.failure.message } };
}

function decodeOutput(output: decoded.routeledger.config.v1.ExtensionOutput): ExtensionOutput {
  if (output.changed !== undefined) return { type: "changed", bytes: output.changed };
  if (output.unchanged !== undefined) return { type: "unchanged", bytes: output.unchanged };
  return { type: output.removed === true ? "removed" : "translated" };
}
