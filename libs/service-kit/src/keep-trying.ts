import { type Clock, Failure, pause } from "@routeledger/std";
import type { Logger } from "./logger.ts";

export interface KeepTryingOptions {
  /** What is being done, such as `open the logs on NATS`. */
  readonly what: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Codes of failures, besides the retryable ones, that may go away without anything being changed here. */
  readonly waitsFor?: readonly string[];
  /** Called with what failed, each time that it says something else, and with undefined at the end. */
  readonly onWaiting?: (failure: Failure | undefined) => void;
}

/** Doubles from the first to the last, milliseconds. */
const firstPauseMs = 100;
const lastPauseMs = 2_000;

/**
 * Tries until it works, with pauses of 0.1 s to 2 s, as long as what fails may come by itself. One log line each time
 * that the failure says something else.
 * @throws the first Failure that somebody must mend; Failure `process.stopping` when the signal is aborted
 */
export async function keepTrying<T>(attempt: () => Promise<T>, options: KeepTryingOptions): Promise<T> {
  const { what, clock, signal, logger, waitsFor = [], onWaiting } = options;
  let said = "";
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, lastPauseMs)) {
    if (signal.aborted) throw stopping(what);
    try {
      const value = await attempt();
      if (said !== "") logger.info({}, `${what}: done`);
      onWaiting?.(undefined);
      return value;
    } catch (error) {
      if (!(error instanceof Failure) || !(error.retryable || waitsFor.includes(error.code))) throw error;
      if (error.message !== said) {
        said = error.message;
        logger.warn({ code: error.code, reason: error.message, hint: error.hint }, `${what}: waiting`);
        onWaiting?.(error);
      }
      await pause(clock, pauseMs, signal);
    }
  }
}

function stopping(what: string): Failure {
  return new Failure(`${what}: the process is stopping`, { code: "process.stopping", retryable: false });
}
