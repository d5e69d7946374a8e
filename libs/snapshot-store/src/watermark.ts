/** A number that grows, and those who wait for it. */
export class Watermark {
  #value: number;
  readonly #waiting = new Set<{ readonly target: number; readonly resolve: () => void }>();

  constructor(value: number) {
    this.#value = value;
  }

  get value(): number {
    return this.#value;
  }

  advance(value: number): void {
    this.#value = Math.max(this.#value, value);
    for (const waiter of this.#waiting) {
      if (waiter.target > this.#value) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  /** Sets it to another place, also back: then what was reached is to be reached again. */
  reset(value: number): void {
    this.#value = value;
    this.advance(value);
  }

  /** Resolves to true when the value is at least `target`; to false when the signal is aborted before. */
  waitFor(target: number, signal: AbortSignal): Promise<boolean> {
    if (this.#value >= target) return Promise.resolve(true);
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        this.#waiting.delete(waiter);
        signal.removeEventListener("abort", giveUp);
        resolve(reached);
      };
      const giveUp = (): void => settle(false);
      const waiter = { target, resolve: () => settle(true) };
      this.#waiting.add(waiter);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }
}
