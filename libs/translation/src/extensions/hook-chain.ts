import {
  answerKey,
  type ConfigObject,
  type ExtensionFailure,
  type ExtensionOutput,
  type ExtensionPoint,
  type GroupAnswers,
} from "@routeledger/config-model";
import { concatBytes, sha256Hex, utf8 } from "@routeledger/std";
import type { ExtensionView } from "./extension-view.ts";
import type { ResourceHook, ResourceQuestion, TranslationQuestion } from "./hook-questions.ts";
import { hookRequest } from "./hook-request.ts";
import { examinedName, resourceKinds } from "./resource-names.ts";

/** A question that waits for an answer, or whose newest outcome is a failure. */
export interface WantedCall extends ExtensionPoint {
  /** SHA-256 of the question, 64 hexadecimal digits. */
  readonly inputDigest: string;
  readonly question: ResourceQuestion | TranslationQuestion;
  /** The same question failed before. */
  readonly isRetry: boolean;
}

/** A question that got no answer, and what stands for it. */
export interface ExtensionProblem {
  readonly extension: ExtensionView;
  readonly point: ExtensionPoint;
  readonly failure: ExtensionFailure;
  readonly served: "lastAnswer" | "error" | "asItIs";
  /** Whose status says it: the route, or else the Gateway. */
  readonly owner: ConfigObject;
}

/** One extension in the chain of a resource. */
export interface ChainLink {
  readonly extension: ExtensionView;
  readonly question: (resource: Uint8Array) => ResourceQuestion;
}

/** What a chain is about. */
export interface ChainSubject {
  readonly nodeGroup: string;
  readonly hook: ResourceHook;
  readonly name: string;
  readonly owner: ConfigObject;
  readonly answers: GroupAnswers;
  /**
   * A resource whose newest question waits keeps what proxies have, as other resources stand around it in an order;
   * else it is what its last outcome made it.
   */
  readonly holdsStill: boolean;
}

export type ChainOutcome =
  | { readonly type: "served"; readonly bytes: Uint8Array }
  /** It answers an error. */
  | { readonly type: "closed" }
  /** It keeps what proxies have; one that they do not have is left out. */
  | { readonly type: "held" };

export interface ChainResult {
  readonly outcome: ChainOutcome;
  /** Those whose answer or failure made the outcome another than the input. */
  readonly by: readonly ExtensionView[];
  readonly calls: readonly WantedCall[];
  readonly problems: readonly ExtensionProblem[];
  /** `answerKey`s of what it rests on. */
  readonly keys: readonly string[];
}

/**
 * What extensions make of a resource, each of what the one before made, by what is known of their answers.
 * @param input undefined where it is not known yet, as something that it is made of waits
 */
export function runChain(
  subject: ChainSubject,
  links: readonly ChainLink[],
  input: Uint8Array | undefined,
): ChainResult {
  const by: ExtensionView[] = [];
  const calls: WantedCall[] = [];
  const problems: ExtensionProblem[] = [];
  const keys: string[] = [];
  const result = (outcome: ChainOutcome): ChainResult => ({ outcome, by, calls, problems, keys });
  let bytes = input;
  for (const link of links) {
    keys.push(answerKey({ ...subject, extension: link.extension.name }));
    const step = runLink(subject, link, bytes);
    if (step.call !== undefined) calls.push(step.call);
    if (step.problem !== undefined) problems.push(step.problem);
    if (step.outcome.type !== "served" || step.outcome.bytes !== bytes) by.push(link.extension);
    if (step.outcome.type !== "served") return result(step.outcome);
    bytes = step.outcome.bytes;
  }
  return result(bytes === undefined ? { type: "held" } : { type: "served", bytes });
}

interface Step {
  readonly outcome: ChainOutcome;
  readonly call?: WantedCall;
  readonly problem?: ExtensionProblem;
}

function runLink(
  subject: ChainSubject,
  { extension, question }: ChainLink,
  input: Uint8Array | undefined,
): Step {
  const { nodeGroup, hook, name, answers, holdsStill } = subject;
  const point = { nodeGroup, extension: extension.name, hook, name };
  const asked = input && digested(question(input));
  const known = answers.get(answerKey(point));
  const isSettled = asked !== undefined && known?.newest.inputDigest === asked.digest;
  const call = { ...point, inputDigest: asked?.digest ?? "" };
  const wanted = (isRetry: boolean) =>
    asked === undefined ? {} : { call: { ...call, question: asked.question, isRetry } };
  if (known === undefined || (!isSettled && holdsStill))
    return { outcome: { type: "held" }, ...wanted(false) };
  const outcome = usable(subject, known.newest.outcome);
  if (outcome.type !== "failed") {
    if (!isSettled) return { outcome: { type: "served", bytes: outcome.bytes }, ...wanted(false) };
    const bytes = outcome.type === "unchanged" && input !== undefined ? input : outcome.bytes;
    return { outcome: { type: "served", bytes } };
  }
  const good = known.good && usable(subject, known.good);
  const stand = standIn(extension, input, good);
  const problem = { extension, point, failure: outcome, served: stand.served, owner: subject.owner };
  return { outcome: stand.outcome, problem, ...wanted(isSettled) };
}

type UsableOutput = Extract<ExtensionOutput, { readonly bytes: Uint8Array }>;

const judged = new WeakMap<Uint8Array, ExtensionFailure | undefined>();

/** An outcome as far as it can be served: logs are not trusted to hold what this version would have let in. */
function usable(
  { hook, name }: ChainSubject,
  outcome: ExtensionOutput | ExtensionFailure,
): UsableOutput | ExtensionFailure {
  if (outcome.type === "failed") return outcome;
  if (!("bytes" in outcome)) return invalid(`the log holds no ${hook} for ${name}`);
  if (!judged.has(outcome.bytes)) {
    const examined = examinedName(resourceKinds[hook], outcome.bytes);
    judged.set(outcome.bytes, "illFormed" in examined ? invalid(examined.illFormed) : undefined);
  }
  return judged.get(outcome.bytes) ?? outcome;
}

function invalid(message: string): ExtensionFailure {
  return { type: "failed", code: "INVALID_ANSWER", message };
}

function standIn(
  { failureMode }: ExtensionView,
  input: Uint8Array | undefined,
  good: UsableOutput | ExtensionFailure | undefined,
): { readonly outcome: ChainOutcome; readonly served: ExtensionProblem["served"] } {
  if (failureMode === "keepLast" && good !== undefined && good.type !== "failed")
    return { outcome: { type: "served", bytes: good.bytes }, served: "lastAnswer" };
  if (failureMode !== "failOpen") return { outcome: { type: "closed" }, served: "error" };
  const outcome: ChainOutcome = input === undefined ? { type: "held" } : { type: "served", bytes: input };
  return { outcome, served: "asItIs" };
}

interface Digested<Question> {
  readonly question: Question;
  readonly digest: string;
}

const digests = new WeakMap<Uint8Array, { readonly context: string; readonly digest: string }>();

/** A question and its digest, which is found once for the same bytes in the same context. */
function digested(question: ResourceQuestion): Digested<ResourceQuestion> {
  const { resource, ...rest } = question;
  const context = JSON.stringify(rest);
  const known = digests.get(resource);
  if (known?.context === context) return { question, digest: known.digest };
  const digest = questionDigest(question);
  digests.set(resource, { context, digest });
  return { question, digest };
}

/** SHA-256 of what a server is asked, 64 hexadecimal digits: no revision is in it, and no provenance. */
export function questionDigest(question: ResourceQuestion | TranslationQuestion): string {
  return sha256Hex(concatBytes([utf8(`${question.hook}\n`), hookRequest(question)]));
}
