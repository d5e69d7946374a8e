import { assert } from "@routeledger/std";

export interface NewestQuestionsOptions<Question, Outcome> {
  /** Asks. Must not reject: what goes wrong is an outcome. */
  readonly ask: (question: Question, key: string) => Promise<Outcome>;
  /** Called once for each question that was asked, before the next one of its key is. Must not throw. */
  readonly settled: (outcome: Outcome, question: Question, key: string) => void;
  /** Questions on their way at a time, of all keys; at least 1. The HTTP/2 servers' usual bound is 100 streams. */
  readonly inFlightMax: number;
}

/**
 * Which questions one extension server is asked, and when; `key` is what they are about, such as a hook, a node
 * group and a resource.
 *
 * - One question a key is on its way at a time. What comes meanwhile waits, and the newest takes the place of an
 *   older one that waits: an answer to a state that is gone already helps nobody. The one on its way is never ended
 *   for a newer one, or a busy key would never get an answer.
 * - Keys wait for each other only when `inFlightMax` are on their way, and then take turns: a key that just had its
 *   answer goes behind all others that wait. So what waits is at most one question a key.
 * - `forget` and `close` drop what waits; what is on its way ends, and is not reported.
 */
export class NewestQuestions<Question, Outcome> {
  readonly #options: NewestQuestionsOptions<Question, Outcome>;
  /** Keys with a question on its way, and whether somebody wants to know its outcome. */
  readonly #inFlight = new Map<string, { wanted: boolean }>();
  /** In the order in which the keys began to wait. */
  readonly #waiting = new Map<string, Question>();
  #closed = false;

  constructor(options: NewestQuestionsOptions<Question, Outcome>) {
    assert(options.inFlightMax >= 1, `at least one question at a time, got ${options.inFlightMax}`);
    this.#options = options;
  }

  /** Questions on their way, the forgotten included. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** The key's newest question: asked at once where it can be. After `close` it is dropped. */
  submit(key: string, question: Question): void {
    if (this.#closed) return;
    this.#waiting.set(key, question);
    this.#askWaiting();
  }

  /** Nobody wants to know any more, until the next question of the key. */
  forget(key: string): void {
    this.#waiting.delete(key);
    const turn = this.#inFlight.get(key);
    if (turn !== undefined) turn.wanted = false;
  }

  /** Asks nothing more and reports nothing more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
  }

  #askWaiting(): void {
    for (const [key, question] of this.#waiting) {
      if (this.#inFlight.size >= this.#options.inFlightMax) return;
      if (this.#inFlight.has(key)) continue;
      this.#waiting.delete(key);
      void this.#ask(key, question);
    }
  }

  async #ask(key: string, question: Question): Promise<void> {
    const turn = { wanted: true };
    this.#inFlight.set(key, turn);
    const outcome = await this.#options.ask(question, key);
    this.#inFlight.delete(key);
    const next = this.#waiting.get(key);
    if (next !== undefined) {
      this.#waiting.delete(key);
      this.#waiting.set(key, next);
    }
    if (turn.wanted && !this.#closed) this.#options.settled(outcome, question, key);
    this.#askWaiting();
  }
}
