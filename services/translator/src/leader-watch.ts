import { type Clock, pause } from "@routeledger/std";
import type { LeaderSignal, LeaderSignals } from "./leader-signals.ts";

export interface LeaderWatchOptions {
  readonly signals: LeaderSignals;
  readonly clock: Clock;
  readonly takeoverAfterMs: number;
}

/** Why a standby may try to lead, or that it was stopped. */
export type Turn = "resigned" | "silent" | "stopped";

/**
 * Listens for leaders, from the beginning to `close`. What it believes decides only when this process tries: a wrong
 * belief costs a change of leader, never a second writer.
 */
export class LeaderWatch {
  readonly #clock: Clock;
  readonly #takeoverAfterMs: number;
  readonly #close: () => void;
  /** The highest term of which anything is known: what is said of lower ones comes from the deposed. */
  #term = 0;
  #resignedTerm = 0;
  #heardAtMs: number;
  #changed = Promise.withResolvers<void>();

  constructor({ signals, clock, takeoverAfterMs }: LeaderWatchOptions) {
    this.#clock = clock;
    this.#takeoverAfterMs = takeoverAfterMs;
    this.#heardAtMs = clock.monotonicMs();
    this.#close = signals.listen((signal) => this.#hear(signal));
  }

  /** The highest term that was heard of, or that `restart` was given; 0: none. */
  get term(): number {
    return this.#term;
  }

  /** Forgets what was heard: as of now a leader of `term` may be there. */
  restart(term: number): void {
    this.#term = term;
    this.#resignedTerm = 0;
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  /**
   * Resolves when the leader has resigned, or none was heard for `takeoverAfterMs` times `patience`.
   * @param patience at least 1
   */
  async turn(patience: number, signal: AbortSignal): Promise<Turn> {
    for (;;) {
      if (signal.aborted) return "stopped";
      const due = this.due(patience);
      if (due !== undefined) return due;
      await this.#changedWithin(Math.max(1, this.#leftMs(patience)), signal);
    }
  }

  /** Why it is time to try now; undefined when it is not. */
  due(patience: number): Exclude<Turn, "stopped"> | undefined {
    if (this.#resignedTerm > 0) return "resigned";
    return this.#leftMs(patience) <= 0 ? "silent" : undefined;
  }

  close(): void {
    this.#close();
  }

  #hear({ kind, term }: LeaderSignal): void {
    if (!Number.isSafeInteger(term) || term < 1 || term < this.#term) return;
    if (kind === "leads") {
      // Said before it resigned, heard after.
      if (term <= this.#resignedTerm) return;
      this.#heardAtMs = this.#clock.monotonicMs();
      this.#resignedTerm = 0;
    } else this.#resignedTerm = term;
    this.#term = term;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #leftMs(patience: number): number {
    return this.#heardAtMs + this.#takeoverAfterMs * patience - this.#clock.monotonicMs();
  }

  async #changedWithin(delayMs: number, signal: AbortSignal): Promise<void> {
    const heard = new AbortController();
    const either = AbortSignal.any([signal, heard.signal]);
    await Promise.race([pause(this.#clock, delayMs, either), this.#changed.promise]);
    heard.abort();
  }
}
