import type { Clock } from "@routeledger/std";
import { retryDelayMs } from "./retry-policy.ts";

/** Pauses between tries of a server that fails, milliseconds. */
const pauses = { initialBackoffMs: 250, maxBackoffMs: 5_000, backoffMultiplier: 2 };

export interface RetryTurnsOptions {
  readonly clock: Clock;
  /** 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Asks the failed question of a key again. */
  readonly ask: (key: string) => void;
}

/**
 * When the failed questions of one extension are asked again: one of them at a time, each in its turn, after pauses
 * that grow while none is answered; all of them at once when one is. So a server that is gone gets one call every
 * few seconds, and one that comes back is asked everything by itself.
 */
export class RetryTurns {
  readonly #options: RetryTurnsOptions;
  /** In the order of their turns. */
  readonly #failed = new Set<string>();
  /** The one that is being asked, by itself. */
  #probe: string | undefined;
  #failures = 0;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: RetryTurnsOptions) {
    this.#options = options;
  }

  /** Keys whose question failed, and that wait for their turn or are being asked. */
  get failed(): number {
    return this.#failed.size;
  }

  /** The key's question failed: it is asked again in its turn. */
  failedOnce(key: string): void {
    if (this.#closed) return;
    this.#failed.delete(key);
    this.#failed.add(key);
    if (this.#probe === key) this.#probe = undefined;
    this.#schedule();
  }

  /** Nobody wants the key's answer any more, or another question of it is asked. */
  forget(key: string): void {
    this.#failed.delete(key);
    if (this.#probe === key) this.#probe = undefined;
    if (this.#failed.size === 0) this.#stop();
    else this.#schedule();
  }

  /** The server answered a question well. */
  answered(key: string): void {
    this.#failures = 0;
    this.#probe = undefined;
    this.#failed.delete(key);
    this.#stop();
    for (const other of [...this.#failed]) this.#options.ask(other);
  }

  /** Asks nothing more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#failed.clear();
    this.#stop();
  }

  #schedule(): void {
    if (this.#closed || this.#cancel !== undefined || this.#probe !== undefined) return;
    const { clock, random } = this.#options;
    this.#failures++;
    this.#cancel = clock.after(retryDelayMs(pauses, this.#failures, random()), () => {
      this.#cancel = undefined;
      const [next] = this.#failed;
      if (next === undefined) return;
      this.#probe = next;
      this.#options.ask(next);
    });
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
