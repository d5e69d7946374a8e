import type { EventLog } from "@routeledger/event-log";
import { type Clock, Failure, pause } from "@routeledger/std";

export interface AnnouncerOptions {
  readonly config: EventLog;
  readonly clock: Clock;
  readonly everyMs: number;
  /** Without progress for so long, though there is something to do, nothing is announced any more. */
  readonly stuckAfterMs: number;
  /** What was done since the start, counted; any change is progress. */
  readonly progress: () => number;
  /** CONFIG sequence up to which all is published. */
  readonly publishedTo: () => number;
  readonly announce: () => void;
  /** Called with the last sequence of CONFIG each time that it is asked for. */
  readonly surveyed: (lastSequence: number) => void;
}

/**
 * Says that a leader leads as long as its loop moves, or has nothing to do, and CONFIG answers: a leader whose append
 * hangs, or that cannot read what others can, falls silent and is replaced.
 */
export async function announceWhileLeading(options: AnnouncerOptions, signal: AbortSignal): Promise<void> {
  const { config, clock, everyMs, stuckAfterMs } = options;
  let progress = options.progress();
  let movedAtMs = clock.monotonicMs();
  options.announce();
  while (!signal.aborted) {
    await pause(clock, everyMs, signal);
    const last = await lastSequence(config);
    if (signal.aborted || last === "closed") return;
    if (last === undefined) continue;
    options.surveyed(last);
    if (options.publishedTo() >= last || options.progress() !== progress) movedAtMs = clock.monotonicMs();
    progress = options.progress();
    if (clock.monotonicMs() - movedAtMs < stuckAfterMs) options.announce();
  }
}

async function lastSequence(config: EventLog): Promise<number | "closed" | undefined> {
  try {
    return (await config.info()).lastSequence;
  } catch (error) {
    // The loop itself meets the same and decides; here it means silence only.
    return error instanceof Failure && error.retryable ? undefined : "closed";
  }
}
