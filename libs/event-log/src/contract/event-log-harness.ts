import type { EventLog } from "../event-log-port.ts";

/** A copy of a log, apart from it. */
export interface LogCopy {
  /** Closes the log and puts the copy in its place. */
  restore(log: EventLog): Promise<EventLog>;
}

/** What an adapter gives to `eventLogContract`, so that each can be asked the same, damage included. */
export interface EventLogHarness {
  /** A new, empty log named CONFIG. */
  create(): Promise<EventLog>;
  /** The same log after a restart of the process that has it. */
  reopen(log: EventLog): Promise<EventLog>;
  /** The log without the messages after `lastSequence`, as a lost disk or a careless operator leaves it. */
  truncate(log: EventLog, lastSequence: number): Promise<EventLog>;
  /** Another log, empty, in the place of this one. */
  recreate(log: EventLog): Promise<EventLog>;
  copy(log: EventLog): Promise<{ readonly log: EventLog; readonly copy: LogCopy }>;
  /** Closes what is still open and removes what was made. */
  dispose(): Promise<void>;
}
