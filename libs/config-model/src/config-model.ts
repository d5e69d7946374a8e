export { encodeExtensionAnswers } from "./answer-codec.ts";
export { type CompletionContext, completeObject, rfc3339 } from "./complete-object.ts";
export {
  type ConfigCommit,
  decodeChangeSet,
  decodeConfigEvent,
  decodeStateCheckpoint,
  encodeChangeSet,
  encodeStateCheckpoint,
  encodeStoreConfirmed,
  encodeTermStarted,
  encodeTranslatorActivated,
  stateCheckpointVersion,
} from "./config-codec.ts";
export type { ConfigEvent, ConfigFact, ObjectChange } from "./config-event.ts";
export {
  type ActiveTranslator,
  allObjects,
  type ConfigObject,
  type ConfigState,
  emptyConfigState,
  getObject,
  kindKey,
  type ObjectIndex,
  type ObjectsByName,
  objectsOfKind,
} from "./config-state.ts";
export { type DeclaredKind, declaredIn, declaredKinds, extensionsOf } from "./declared-kinds.ts";
export { evolve } from "./evolve.ts";
export { asideState, isSwitched, type SwitchFact } from "./evolve-switch.ts";
export {
  type AnswerIndex,
  answerKey,
  type ExtensionAnswer,
  type ExtensionFailure,
  type ExtensionOutput,
  type ExtensionPoint,
  type GroupAnswers,
  type KnownAnswer,
} from "./extension-answer.ts";
export { changedObjects, type ObjectDifference } from "./object-changes.ts";
export { configObject } from "./object-index.ts";
export { compareRefs, displayRef, type ObjectRef, objectKey, parseApiVersion, refOf } from "./object-ref.ts";
export {
  type ClusterGenerations,
  firstGeneration,
  generationName,
  type OpenSwitch,
  type SwitchedCluster,
  type SwitchPhase,
  type SwitchPlan,
  type SwitchWatch,
} from "./open-switch.ts";
export { type GroupVersionKind, knownKinds, schemaFor, statusSchemaFor } from "./schema/catalog.ts";
export { FIELD_ERRORS_MAX, type FieldError, type FieldErrorCode } from "./schema/field-error.ts";
export type { KindInfo } from "./schema/kind-info.ts";
export { goDurationMs } from "./schema/own/go-duration.ts";
export { type KindList, kindLists } from "./schema/own/kind-lists.ts";
export { quantityBytes } from "./schema/own/size-quantity.ts";
export { mayBeDeclared } from "./schema/own/taken-kinds.ts";
export type { CelRule, Schema } from "./schema/schema.ts";
export { validateChange, validateDeclared, validateObject } from "./schema/validate-object.ts";
export { validateStatus } from "./schema/validate-status.ts";
export { type Certificates, type CertificatesProblem, readCertificates } from "./secrets/certificates.ts";
export {
  isSealedSecret,
  keepSealed,
  type OpenedSecret,
  openSecret,
  sealSecret,
} from "./secrets/seal-secret.ts";
export {
  type CaFacts,
  type DataFacts,
  type SecretFacts,
  sealedTokens,
  secretFacts,
  type TlsFacts,
} from "./secrets/sealed-secret.ts";
export { encodeSwitch } from "./switch-codec.ts";
