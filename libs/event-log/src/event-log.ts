export {
  type AdoptOptions,
  adoptionReasonBytesMax,
  adoptLog,
  chainedEnd,
  unchainedEnd,
} from "./adopt-log.ts";
export { type Adoption, adoptedSince, lastAdoption } from "./adoption.ts";
export {
  appendMessagesMax,
  assertAppendRequest,
  closedFailure,
  compactedFailure,
  messageBytesMax,
} from "./append-request.ts";
export { AppendSignal } from "./append-signal.ts";
export { type Checkpoints, readCheckpoints, readOldestCheckpoints } from "./checkpoint-reader.ts";
export { type CheckpointCommit, type CheckpointRound, writeCheckpoints } from "./checkpoint-writer.ts";
export {
  type Commit,
  emptyTail,
  type LogItem,
  type LogTail,
  type NewCommit,
  type SkippedItem,
} from "./commit.ts";
export { CommitReader, type CommitReaderOptions, type CommitReadOptions } from "./commit-reader.ts";
export {
  type CommitAppended,
  type CommitOutcome,
  CommitWriter,
  type CommitWriterOptions,
  commitBytesMax,
} from "./commit-writer.ts";
export { copyLog } from "./copy-log.ts";
export {
  chunkBytesMax,
  chunksMax,
  decodeEnvelope,
  type Envelope,
  type EnvelopeDecoded,
  encodeEnvelope,
} from "./envelope.ts";
export type {
  AppendOutcome,
  AppendRequest,
  EventLog,
  LogInfo,
  LogMessage,
  LogName,
  NewMessage,
  ReadOptions,
} from "./event-log-port.ts";
export { Interruption, type InterruptionOptions, isInterruption, isLoss } from "./interruption.ts";
export { configKinds, deliveryKinds, payloadTypes, type ReadableKinds, xdsKinds } from "./kinds.ts";
export { LogFollower, type LogFollowerOptions } from "./log-follower.ts";
export { MemoryEventLog, MemoryStorage } from "./memory-event-log.ts";
