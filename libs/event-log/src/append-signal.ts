/** Wakes those who wait for the next append to a log in this process. */
export class AppendSignal {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `notify`, or when `abort` is aborted; at once if it is already. */
  wait(abort?: AbortSignal): Promise<void> {
    if (abort?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        abort?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      abort?.addEventListener("abort", wake, { once: true });
    });
  }

  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
