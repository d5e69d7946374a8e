import type { EventLog } from "@routeledger/event-log";

/**
 * Asks a log for its last sequence, for many at once: who asks while a question is under way gets the answer to the
 * next one, which is asked after theirs (P6), so a thousand streams that come back cost two questions.
 */
export class LastSequence {
  readonly #log: EventLog;
  #asking: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Resolves to what the log held at some moment after the call. Throws what `info` throws. */
  ask(): Promise<number> {
    if (this.#asking === undefined) {
      this.#asking = this.#log.info().then(({ lastSequence }) => lastSequence);
      const over = (): void => {
        this.#asking = undefined;
      };
      this.#asking.then(over, over);
      return this.#asking;
    }
    const askNext = (): Promise<number> => {
      this.#next = undefined;
      return this.ask();
    };
    this.#next ??= this.#asking.then(askNext, askNext);
    return this.#next;
  }
}
