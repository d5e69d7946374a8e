import type { TranslationResources } from "./hook-questions.ts";

/** The name of a gRPC status other than OK, as in `UNAVAILABLE`. */
export type StatusName =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

export type FailureCode =
  | StatusName
  /** No protobuf, or another resource than the one that was asked about. */
  | "INVALID_ANSWER"
  | "ANSWER_TOO_LARGE"
  | "QUESTION_TOO_LARGE"
  /** The settings name no server, or their certificates cannot be used. */
  | "UNUSABLE_SETTINGS"
  /** The client was closed before the answer came. */
  | "CLOSED";

/** There is no answer. */
export interface CallFailed {
  readonly kind: "failed";
  readonly code: FailureCode;
  /** For people: names the extension, what was asked and what went wrong; no line breaks, at most 3,000 characters. */
  readonly message: string;
  /** The same question may be answered later. False: only another question or other settings will help. */
  readonly retryable: boolean;
}

/** What became of a question: an expected outcome, whatever the server did. */
export type Outcome<Answer> =
  | { readonly kind: "answer"; readonly answer: Answer }
  /** The server leaves what it was asked about as it is. */
  | { readonly kind: "unchanged" }
  | CallFailed;

/** The answer is the encoded resource. */
export type ResourceOutcome = Outcome<Uint8Array>;
export type TranslationOutcome = Outcome<TranslationResources>;
