export {
  appendedAll,
  chainOf,
  envelopeBody,
  garbageBodies,
  items,
  newCommit,
  testTools,
} from "./contract/contract-tools.ts";
export { eventLogContract } from "./contract/event-log-contract.ts";
export type { EventLogHarness, LogCopy } from "./contract/event-log-harness.ts";
export { LossyEventLog } from "./contract/lossy-event-log.ts";
