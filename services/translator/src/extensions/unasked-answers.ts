import { answerKey, type ExtensionAnswer, type ExtensionPoint } from "@routeledger/config-model";
import type { Logger } from "@routeledger/service-kit";
import type { Clock } from "@routeledger/std";

/** What nobody asks at two looks in a row, so far apart, is forgotten; milliseconds. */
export const forgetEveryMs = 60_000;

export interface UnaskedAnswersOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the state knows of questions that nobody asks any more. */
  readonly unasked: () => readonly ExtensionPoint[];
  /** Appends answers; `decide` is asked at the fence. Rejects when the leadership ends. */
  readonly append: (decide: () => readonly ExtensionAnswer[]) => Promise<void>;
}

/**
 * Forgets, by events, what is known of questions that nobody asks any more, so that the state does not grow for ever.
 * Not at once: a route that is deleted and applied again gets the answer that it had.
 */
export class UnaskedAnswers {
  readonly #options: UnaskedAnswersOptions;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: UnaskedAnswersOptions) {
    this.#options = options;
  }

  /** There are answers: from now on it looks, as long as some are unasked. Idempotent. */
  watch(): void {
    if (this.#cancel === undefined) this.#schedule(new Set());
  }

  /** Looks no more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #schedule(before: ReadonlySet<string>): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(forgetEveryMs, () => {
      const unasked = this.#options.unasked();
      const forgotten = new Set(unasked.map(keyOf).filter((key) => before.has(key)));
      if (forgotten.size > 0) void this.#forget(forgotten);
      this.#cancel = undefined;
      if (unasked.length > 0) this.#schedule(new Set(unasked.map(keyOf)));
    });
  }

  async #forget(keys: ReadonlySet<string>): Promise<void> {
    const { unasked, append, logger } = this.#options;
    const decide = () =>
      unasked()
        .filter((point) => keys.has(keyOf(point)))
        .map(({ nodeGroup, extension, hook, name }) => ({
          ...{ nodeGroup, extension, hook, name },
          ...{ inputDigest: "", outcome: undefined },
        }));
    try {
      await append(decide);
    } catch (error) {
      // The loop ends by what its append threw, and closes this.
      logger.debug({ err: error }, "answers of extensions were not forgotten");
    }
  }
}

function keyOf({ nodeGroup, ...rest }: ExtensionPoint): string {
  return `${nodeGroup}\n${answerKey(rest)}`;
}
