import { type Clock, Failure } from "@routeledger/std";

/** How long an answer may take, milliseconds. */
const answerDeadlineMs = 1_000;
/** An answer is good for so long: many may ask, milliseconds. */
const freshMs = 500;

/** Whether a log can be reached, asked when somebody wants to know. */
export class LogReach {
  readonly #ask: () => Promise<unknown>;
  readonly #clock: Clock;
  #asked: Promise<string | undefined> | undefined;
  #askedAtMs = 0;

  /** @param ask a small question to the log, such as `info` */
  constructor(ask: () => Promise<unknown>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Why the log cannot be reached, undefined when it can. At most 1 s; answers are reused for 0.5 s. Never rejects. */
  problem(): Promise<string | undefined> {
    const now = this.#clock.monotonicMs();
    if (this.#asked === undefined || now - this.#askedAtMs >= freshMs) {
      this.#askedAtMs = now;
      this.#asked = this.#askNow();
    }
    return this.#asked;
  }

  async #askNow(): Promise<string | undefined> {
    const late = Promise.withResolvers<string>();
    const cancel = this.#clock.after(answerDeadlineMs, () => late.resolve("the log does not answer"));
    const answer = this.#ask().then(
      () => undefined,
      (error: unknown) => (error instanceof Failure ? error.message : String(error)),
    );
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      cancel();
    }
  }
}
