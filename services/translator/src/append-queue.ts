import { stoppedFailure } from "./fenced-follower.ts";

interface Job {
  readonly append: () => Promise<void>;
  readonly done: (outcome: { readonly error?: unknown }) => void;
}

/**
 * Appends that something beside the loop wants, done by the loop between its own: whoever holds the fences is one.
 * The other waits for each; the loop never waits for the other.
 */
export class AppendQueue {
  readonly #wake: () => void;
  readonly #jobs: Job[] = [];
  #closed = false;

  /** @param wake makes the loop call `doAll` soon */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Resolves when the loop has done it. Throws what the append throws, `translator.stopped` when the loop has ended. */
  async ask(append: () => Promise<void>): Promise<void> {
    if (this.#closed) throw stoppedFailure();
    const outcome = await new Promise<{ readonly error?: unknown }>((done) => {
      this.#jobs.push({ append, done });
      this.#wake();
    });
    if ("error" in outcome) throw outcome.error;
  }

  /** Does what waits. What an append throws is for both. */
  async doAll(): Promise<void> {
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      try {
        await job.append();
        job.done({});
      } catch (error) {
        job.done({ error });
        throw error;
      }
    }
  }

  /** What waits is refused, and all that comes. */
  close(): void {
    this.#closed = true;
    for (const { done } of this.#jobs.splice(0)) done({ error: stoppedFailure() });
  }
}
