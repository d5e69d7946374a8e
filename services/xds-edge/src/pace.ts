import type { Clock } from "@routeledger/std";

/** What may come at once before anything waits, milliseconds of the pace. */
const burstMs = 1_000;

/** So many a second, after a burst of as many. Holds one number. */
export class Pace {
  readonly #clock: Clock;
  readonly #eachMs: number;
  /** When all that was taken would be through at the pace, monotonic milliseconds. */
  #throughMs = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#eachMs = 1_000 / perSecond;
  }

  /** Takes some, and says after how many milliseconds the next may come; 0: at once. */
  take(count: number): number {
    return this.tryTake(count, Number.POSITIVE_INFINITY) ?? 0;
  }

  /** The same, unless that is longer than `waitMsMax`: then it takes nothing, and returns undefined. */
  tryTake(count: number, waitMsMax: number): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    const throughMs = Math.max(this.#throughMs, nowMs) + count * this.#eachMs;
    const waitMs = Math.max(0, Math.ceil(throughMs - nowMs - burstMs));
    if (waitMs > waitMsMax) return undefined;
    this.#throughMs = throughMs;
    return waitMs;
  }
}
