/** Something that runs until it is stopped. */
export interface RunningPart {
  /** Idempotent. */
  stop(): Promise<void> | void;
  /** Rejects with what ended it. */
  readonly ended?: Promise<void>;
}

/** What was started in a process, and how it is stopped: the last first. */
export class RunningParts {
  readonly #stopping = new AbortController();
  readonly #failed = Promise.withResolvers<never>();
  readonly #stops: (() => Promise<void> | void)[] = [];

  constructor() {
    this.#failed.promise.catch(() => undefined);
  }

  /** Aborted by `stop`, before anything is stopped. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Rejects with what failed first, unless it was to stop; never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** What runs by itself: its failure is everybody's, and nothing that it needs is stopped before it has ended. */
  watch(work: Promise<unknown>): void {
    const guarded = work.then(
      () => undefined,
      (error: unknown) => {
        if (!this.signal.aborted) this.#failed.reject(error);
      },
    );
    this.#stops.push(() => guarded);
  }

  /** `stop` is called before all that was started earlier is stopped. */
  started<T extends RunningPart>(part: T): T {
    if (part.ended !== undefined) this.watch(part.ended);
    this.#stops.push(() => part.stop());
    return part;
  }

  /**
   * Stops all, the last first, also when one of them fails to stop; then throws what failed first. Idempotent; what is
   * started afterwards is stopped by the next call.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const errors: unknown[] = [];
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      try {
        await stop();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
