/** Time and timers, injected so that tests and the simulation decide what time it is. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. May jump. */
  wallMs(): number;
  /** Milliseconds since some start. Never goes back. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`; the returned function cancels and is idempotent. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
