import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { answerOf, statusOf } from "../edge/load.ts";

const connections = 4;
/** Of a load that does not say: what is measured gets a core, too. */
const paceMs = 4;
/** The same where each request costs a handshake. */
const handshakePaceMs = 25;
/** How long answers are waited for, milliseconds: longer than Envoy waits for endpoints by itself. */
const patienceMs = 30_000;

/** One answer, with times of `performance.now()`. */
export interface TimedAnswer {
  /** As `statusOf` says it. */
  readonly status: string;
  readonly startedMs: number;
  readonly endedMs: number;
}

export interface LoadChoices {
  /** Whose connections are kept; it ends with the load. */
  readonly agent?: { destroy(): void } | undefined;
  /** Between an answer and the next request of a connection, milliseconds. */
  readonly paceMs?: number;
}

/** Requests of one kind, some hundred a second, until stopped. Remembers when each was answered. */
export class TimedLoad {
  /** In the order in which they ended. */
  readonly answers: TimedAnswer[] = [];
  readonly #what: string;
  readonly #ask: () => Promise<string>;
  readonly #agent: LoadChoices["agent"];
  readonly #paceMs: number;
  readonly #loops: Promise<void>[];
  #stopped = false;

  /** @param ask one request, and what the answer is: its status, or what is wrong with it */
  constructor(what: string, ask: () => Promise<string>, choices: LoadChoices = {}) {
    this.#what = what;
    this.#ask = ask;
    this.#agent = choices.agent;
    this.#paceMs = choices.paceMs ?? paceMs;
    this.#loops = Array.from({ length: connections }, () => this.#loop());
  }

  /** To one path, on kept connections. */
  static of(port: number, path: string): TimedLoad {
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    return new TimedLoad(path, () => statusOf(port, path, agent), { agent });
  }

  /** Over TLS to one host, on kept connections. */
  static ofHost(port: number, host: string): TimedLoad {
    const agent = new SecureAgent({ keepAlive: true, maxSockets: connections });
    const ask = async (): Promise<string> => (await answerOf({ port, host, isSecure: true, agent })).status;
    return new TimedLoad(host, ask, { agent });
  }

  /** The same with a connection for each request: what a listener answers those that come now. */
  static ofNewcomers(port: number, host: string): TimedLoad {
    const ask = async (): Promise<string> => (await answerOf({ port, host, isSecure: true })).status;
    return new TimedLoad(host, ask, { paceMs: handshakePaceMs });
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
        const last = new Set(this.answers.slice(-count).map((answer) => answer.status));
        const got = [...last].slice(0, 10).join(", ");
        throw new Error(`${count} answers ${status} of ${this.#what} in a row, got ${got}`);
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
    this.#agent?.destroy();
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const startedMs = performance.now();
      const status = await this.#ask();
      this.answers.push({ status, startedMs, endedMs: performance.now() });
      await new Promise((resolve) => setTimeout(resolve, this.#paceMs));
    }
  }
}

/** The least of the numbers that `share` of them do not exceed; of few numbers the greatest. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
