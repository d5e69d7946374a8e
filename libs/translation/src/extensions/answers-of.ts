import {
  answerKey,
  type ExtensionAnswer,
  type ExtensionFailure,
  type ExtensionOutput,
  type ExtensionPoint,
  type GroupAnswers,
} from "@routeledger/config-model";
import { bytesEqual, sha256Hex } from "@routeledger/std";
import type { Outcome, ResourceOutcome, TranslationOutcome } from "./extension-outcome.ts";
import type { WantedCall } from "./hook-chain.ts";
import type { ResourceQuestion, TranslationQuestion, TranslationResources } from "./hook-questions.ts";
import { judgeResource, judgeTranslation } from "./judge-answer.ts";
import { type AskedList, answeredName, askedLists, splitResource } from "./translation-parts.ts";

/** A commit holds 64 MiB, and what is in it is published in another one. */
const answerBytesMax = 60 * 1024 * 1024;

/** What an outcome says to the log, about its point and, of a translation, about each resource that it says other of. */
export function answersOf(
  call: WantedCall,
  outcome: Outcome<Uint8Array | TranslationResources>,
  known: GroupAnswers | undefined,
): ExtensionAnswer[] {
  const { nodeGroup, extension, hook, name, inputDigest, question } = call;
  const answer = { nodeGroup, extension, hook, name, inputDigest };
  if (question.hook !== "Translation")
    return [{ ...answer, outcome: outputOf(extension, question, outcome as ResourceOutcome) }];
  const failure = failureOf(extension, question, outcome as TranslationOutcome);
  if (failure !== undefined) return [{ ...answer, outcome: failure }];
  const lists = outcome.kind === "answer" ? (outcome.answer as TranslationResources) : question.resources;
  return [{ ...answer, outcome: { type: "translated" } }, ...listAnswers(call, question, lists, known)];
}

function outputOf(
  extension: string,
  question: ResourceQuestion,
  outcome: ResourceOutcome,
): ExtensionOutput | ExtensionFailure {
  if (outcome.kind === "failed") return failed(outcome.code, outcome.message);
  if (outcome.kind === "unchanged") return { type: "unchanged", bytes: question.resource };
  if (outcome.answer.length > answerBytesMax) return tooLarge(extension, question.hook);
  const wrong = judgeResource(question, outcome.answer);
  return wrong === undefined
    ? { type: "changed", bytes: outcome.answer }
    : invalid(extension, question.hook, wrong);
}

function failureOf(
  extension: string,
  question: TranslationQuestion,
  outcome: TranslationOutcome,
): ExtensionFailure | undefined {
  if (outcome.kind === "failed") return failed(outcome.code, outcome.message);
  const answered = outcome.kind === "answer" ? Object.values(outcome.answer).flat() : [];
  if (answered.reduce((bytes, { length }) => bytes + length, 0) > answerBytesMax)
    return tooLarge(extension, "Translation");
  const wrong = outcome.kind === "answer" ? judgeTranslation(question, outcome.answer) : undefined;
  return wrong === undefined ? undefined : invalid(extension, "Translation", wrong);
}

function invalid(extension: string, hook: string, wrong: string): ExtensionFailure {
  return failed("INVALID_ANSWER", `the answer of extension ${extension} to ${hook} holds ${wrong}`);
}

function tooLarge(extension: string, hook: string): ExtensionFailure {
  return failed(
    "ANSWER_TOO_LARGE",
    `the answer of extension ${extension} to ${hook} is larger than ${answerBytesMax} bytes, what one event holds`,
  );
}

function failed(code: string, message: string): ExtensionFailure {
  return { type: "failed", code, message };
}

/** One answer a resource, where it says something else than is known. */
function listAnswers(
  { nodeGroup, extension, hook }: ExtensionPoint,
  { resources }: TranslationQuestion,
  answer: TranslationResources,
  known: GroupAnswers | undefined,
): ExtensionAnswer[] {
  const said = new Map<string, Pick<ExtensionAnswer, "inputDigest" | "outcome">>();
  for (const list of askedLists) {
    const asked = named(list, resources[list]);
    const answered = named(list, answer[list]);
    for (const [name, bytes] of asked) {
      const after = answered.get(name);
      said.set(name, {
        inputDigest: sha256Hex(bytes),
        outcome: after === undefined ? removed : output(bytes, after),
      });
    }
    for (const [name, bytes] of answered)
      if (!asked.has(name)) said.set(name, { inputDigest: "", outcome: { type: "changed", bytes } });
  }
  const prefix = answerKey({ extension, hook, name: "" });
  for (const [key, { newest }] of known ?? [])
    if (key.startsWith(prefix) && newest.name !== "" && !said.has(newest.name))
      said.set(newest.name, { inputDigest: newest.inputDigest, outcome: undefined });
  return [...said]
    .filter(([name, one]) => !saysTheSame(known?.get(`${prefix}${name}`)?.newest, one))
    .map(([name, one]) => ({ nodeGroup, extension, hook, name, ...one }));
}

const removed: ExtensionOutput = { type: "removed" };

function named(list: AskedList, resources: readonly Uint8Array[] = []): ReadonlyMap<string, Uint8Array> {
  return new Map(
    resources
      .flatMap((bytes) => splitResource(list, bytes))
      .map((part): [string, Uint8Array] => [answeredName(part), part.bytes]),
  );
}

function output(before: Uint8Array, bytes: Uint8Array): ExtensionOutput {
  return { type: bytesEqual(before, bytes) ? "unchanged" : "changed", bytes };
}

function saysTheSame(
  known: ExtensionAnswer | undefined,
  { inputDigest, outcome }: Pick<ExtensionAnswer, "inputDigest" | "outcome">,
): boolean {
  if (known === undefined || known.inputDigest !== inputDigest || known.outcome?.type !== outcome?.type)
    return false;
  if (outcome === undefined || !("bytes" in outcome)) return true;
  const before = known.outcome;
  return before !== undefined && "bytes" in before && bytesEqual(before.bytes, outcome.bytes);
}
