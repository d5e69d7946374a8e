import { Agent } from "node:http";
import { statusOf } from "../edge/load.ts";

const connections = 4;
/** Between an answer and the next request of a connection, milliseconds: what is measured gets a core, too. */
const paceMs = 4;
/** How long answers are waited for, milliseconds: longer than Envoy waits for endpoints by itself. */
const patienceMs = 30_000;

/** One answer, with times of `performance.now()`. */
export interface TimedAnswer {
  /** As `statusOf` says it. */
  readonly status: string;
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Requests to one path on kept connections, some hundred a second, until stopped. Remembers when each was answered. */
export class TimedLoad {
  /** In the order in which they ended. */
  readonly answers: TimedAnswer[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: connections });
  readonly #port: number;
  readonly #path: string;
  readonly #loops: Promise<void>[];
  #stopped = false;

  constructor(port: number, path: string) {
    this.#port = port;
    this.#path = path;
    this.#loops = Array.from({ length: connections }, () => this.#loop());
  }

  /**
   * Resolves when `count` requests in a row that began from now on were answered so.
   * @throws Error after 30 s, with what was answered last
   */
  async untilOnly(status: string, count: number): Promise<void> {
    const fromMs = performance.now();
    const isSo = (answer: TimedAnswer): boolean => answer.startedMs >= fromMs && answer.status === status;
    while (this.answers.length < count || !this.answers.slice(-count).every(isSo)) {
      if (performance.now() > fromMs + patienceMs || this.#stopped) {
        const last = this.answers.slice(-count).map((answer) => answer.status);
        throw new Error(`${count} answers ${status} of ${this.#path} in a row, got ${last.join(" ")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** What ended after `fromMs` and was not answered 200. */
  errorsSince(fromMs: number): TimedAnswer[] {
    return this.answers.filter(({ status, endedMs }) => status !== "200" && endedMs > fromMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const startedMs = performance.now();
      const status = await statusOf(this.#port, this.#path, this.#agent);
      this.answers.push({ status, startedMs, endedMs: performance.now() });
      await new Promise((resolve) => setTimeout(resolve, paceMs));
    }
  }
}

/** The least of the numbers that `share` of them do not exceed; of few numbers the greatest. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
