import type { EventLog, LogInfo } from "@routeledger/event-log";

/**
 * Asks a log what it holds, for many at once: who asks while a question is under way gets the answer to the
 * next one, which is asked after theirs (P6), so a thousand streams that come back cost two questions.
 */
export class SharedLogInfo {
  readonly #log: EventLog;
  #asking: Promise<LogInfo> | undefined;
  #next: Promise<LogInfo> | undefined;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Resolves to what it held at some moment after the call. Throws what `info` throws. */
  ask(): Promise<LogInfo> {
    if (this.#asking === undefined) {
      this.#asking = this.#log.info();
      const over = (): void => {
        this.#asking = undefined;
      };
      this.#asking.then(over, over);
      return this.#asking;
    }
    const askNext = (): Promise<LogInfo> => {
      this.#next = undefined;
      return this.ask();
    };
    this.#next ??= this.#asking.then(askNext, askNext);
    return this.#next;
  }
}
