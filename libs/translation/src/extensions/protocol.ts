/** The extension server protocol: questions, their encoding, and what answers say. Nothing here asks anybody. */
export { answersOf } from "./answers-of.ts";
export type {
  CallFailed,
  FailureCode,
  Outcome,
  ResourceOutcome,
  StatusName,
  TranslationOutcome,
} from "./extension-outcome.ts";
export { type Reading, readResourceAnswer, readTranslationAnswer } from "./hook-answer.ts";
export type {
  Hook,
  ResourceHook,
  ResourceQuestion,
  TranslationList,
  TranslationQuestion,
  TranslationResources,
} from "./hook-questions.ts";
export { hookMethods, hookPath, hookRequest } from "./hook-request.ts";
export { resourceKinds, resourceName } from "./resource-names.ts";
