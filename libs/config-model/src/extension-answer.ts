import { SortedMap } from "@routeledger/std";

/** What a question is about; one is asked at a time. */
export interface ExtensionPoint {
  /** `namespace/name` of the Gateway. */
  readonly nodeGroup: string;
  /** The name of the Extension object. */
  readonly extension: string;
  /** As in `hooks.xdsTranslator.post`. */
  readonly hook: string;
  /** Of what is asked about, in the node group and hook (docs/spec/extensions.md). */
  readonly name: string;
}

/** What became of a question. */
export interface ExtensionAnswer extends ExtensionPoint {
  /** SHA-256 of the question, 64 hexadecimal digits; empty for what an answer to a translation adds. */
  readonly inputDigest: string;
  /** Undefined: nobody asks any more, and all that is known is forgotten. */
  readonly outcome: ExtensionOutput | ExtensionFailure | undefined;
}

export type ExtensionOutput =
  /** `bytes` is the encoded resource as the extension made it, or as it was asked about and stays. */
  | { readonly type: "changed" | "unchanged"; readonly bytes: Uint8Array }
  /** Of a resource in a translation: the extension takes it out. */
  | { readonly type: "removed" }
  /** To a whole translation, of whose resources there are answers of their own. */
  | { readonly type: "translated" };

/** No answer within the deadline, or none that can be used. */
export interface ExtensionFailure {
  readonly type: "failed";
  /** A gRPC status name such as UNAVAILABLE, or one of the protocol's client. */
  readonly code: string;
  /** For people. */
  readonly message: string;
}

/** What is known of a question: the newest outcome, and the last answer, which a failure does not forget. */
export interface KnownAnswer {
  readonly newest: ExtensionAnswer & { readonly outcome: ExtensionOutput | ExtensionFailure };
  readonly good: ExtensionOutput | undefined;
}

/** Of a node group, by `answerKey`. */
export type GroupAnswers = SortedMap<KnownAnswer>;

/** By node group. No map of it is empty. */
export type AnswerIndex = SortedMap<GroupAnswers>;

/** Sorts by extension, hook, name; the names of extensions and hooks hold no slash. */
export function answerKey({ extension, hook, name }: Omit<ExtensionPoint, "nodeGroup">): string {
  return `${extension}/${hook}/${name}`;
}

export function withAnswers(known: AnswerIndex, answers: readonly ExtensionAnswer[]): AnswerIndex {
  const byGroup = Map.groupBy(answers, ({ nodeGroup }) => nodeGroup);
  return known.with(
    [...byGroup].map(([nodeGroup, ofGroup]) => {
      const before = known.get(nodeGroup) ?? SortedMap.empty<KnownAnswer>();
      const after = before.with(ofGroup.map((answer) => [answerKey(answer), knownAnswer(before, answer)]));
      return [nodeGroup, after.size === 0 ? undefined : after];
    }),
  );
}

function knownAnswer(before: GroupAnswers, answer: ExtensionAnswer): KnownAnswer | undefined {
  const { outcome } = answer;
  if (outcome === undefined) return undefined;
  const good = outcome.type === "failed" ? before.get(answerKey(answer))?.good : outcome;
  return { newest: { ...answer, outcome }, good };
}
