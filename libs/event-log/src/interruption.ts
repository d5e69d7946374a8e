import { type Clock, Failure, pause } from "@routeledger/std";

/** Wait before a log is read again for the first time; twice as long each time after that. */
const backOffMinMs = 50;
/** Longest wait before a log is read again. A log that was readable for longer than this begins anew with the shortest. */
const backOffMaxMs = 2_000;

/**
 * Whether a reader of a log may go on with `read` later, as it is: the storage could not be reached. What was lost,
 * is too new or was skipped after it was read is none.
 */
export function isInterruption(error: unknown): error is Failure {
  return error instanceof Failure && error.retryable && error.code !== "log.skippedAfterRead";
}

const losses: ReadonlySet<string> = new Set([
  "log.recreated",
  "log.shorter",
  "log.gap",
  "log.brokenChain",
  "log.staleEpoch",
]);

/**
 * Whether a reader says that something was lost or exchanged below us, which only an operator mends. A new reader
 * from the same tail finds out when that has been done.
 */
export function isLoss(error: unknown): error is Failure {
  return error instanceof Failure && losses.has(error.code);
}

export interface InterruptionOptions {
  readonly clock: Clock;
  /** Called once an outage, with its first Failure. */
  readonly onInterrupted?: (failure: Failure) => void;
  /** Called once an outage, when it is over. */
  readonly onResumed?: () => void;
}

/** The outages of one reader: how long it waits before it reads again, and who is told. */
export class Interruption {
  readonly #options: InterruptionOptions;
  #delayMs = backOffMinMs;
  /** Monotonic time since which the log can be read; undefined in an outage. */
  #readableSinceMs: number | undefined;
  #told = false;

  constructor(options: InterruptionOptions) {
    this.#options = options;
  }

  /** The log can be read. */
  over(): void {
    this.#readableSinceMs ??= this.#options.clock.monotonicMs();
    if (!this.#told) return;
    this.#told = false;
    this.#options.onResumed?.();
  }

  /** Says that the log cannot be read, and waits until it may be tried again, or until the signal is aborted. */
  async pause(failure: Failure, signal: AbortSignal): Promise<void> {
    const { clock, onInterrupted } = this.#options;
    const readableMs = this.#readableSinceMs === undefined ? 0 : clock.monotonicMs() - this.#readableSinceMs;
    this.#readableSinceMs = undefined;
    if (readableMs > backOffMaxMs) this.#delayMs = backOffMinMs;
    if (!this.#told) onInterrupted?.(failure);
    this.#told = true;
    await pause(clock, this.#delayMs, signal);
    this.#delayMs = Math.min(2 * this.#delayMs, backOffMaxMs);
  }
}
