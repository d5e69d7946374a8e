import type { Clock } from "@routeledger/std";

/** For how long streams are offered a change before others get their turn, milliseconds. */
const sliceMs = 10;

/**
 * Calls back for each of many, in order, a slice of time at a turn of the event loop: what all streams must be offered
 * does not keep the edge from answering meanwhile (P9). One that is added again before its turn comes has one turn.
 */
export class OfferTurns<T> {
  readonly #clock: Clock;
  readonly #offer: (one: T) => void;
  readonly #waiting = new Set<T>();
  #isRunning = false;

  /** @param offer does not throw */
  constructor(clock: Clock, offer: (one: T) => void) {
    this.#clock = clock;
    this.#offer = offer;
  }

  add(one: T): void {
    this.#waiting.add(one);
  }

  /** To be called when all were added. The first slice is over when it returns. */
  run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const startedMs = this.#clock.monotonicMs();
    for (const one of this.#waiting) {
      this.#waiting.delete(one);
      this.#offer(one);
      if (this.#clock.monotonicMs() - startedMs >= sliceMs) break;
    }
    this.#isRunning = false;
    if (this.#waiting.size > 0) setImmediate(() => this.run());
  }
}
