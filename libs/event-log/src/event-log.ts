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
