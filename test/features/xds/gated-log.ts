import type {
  AppendOutcome,
  AppendRequest,
  EventLog,
  LogInfo,
  LogMessage,
  LogName,
  ReadOptions,
} from "@routeledger/event-log";
import { Failure } from "@routeledger/std";

/** A log of which a reader gets only so much until the gate is opened, or which is out of reach. */
export class GatedLog implements EventLog {
  readonly name: LogName;
  readonly #log: EventLog;
  #gate = Promise.withResolvers<void>();
  #readableTo = Number.POSITIVE_INFINITY;
  #knownTo = Number.POSITIVE_INFINITY;
  #isReachable = true;
  #lost = new AbortController();

  constructor(log: EventLog) {
    this.name = log.name;
    this.#log = log;
  }

  /** Readers wait behind that sequence; `info` still tells the truth. */
  holdReadersAt(sequence: number): void {
    this.#readableTo = sequence;
  }

  /** As if nothing behind that sequence had been appended yet. */
  hideBehind(sequence: number): void {
    this.#readableTo = sequence;
    this.#knownTo = sequence;
  }

  /** `info` fails, and readers get nothing more. */
  cut(): void {
    this.#readableTo = -1;
    this.#isReachable = false;
  }

  /** As when the server is gone: all calls fail, readers end with `log.unreachable`. */
  disconnect(): void {
    this.#isReachable = false;
    this.#lost.abort();
  }

  open(): void {
    if (this.#lost.signal.aborted) this.#lost = new AbortController();
    this.#readableTo = Number.POSITIVE_INFINITY;
    this.#knownTo = Number.POSITIVE_INFINITY;
    this.#isReachable = true;
    this.#gate.resolve();
    this.#gate = Promise.withResolvers();
  }

  async info(): Promise<LogInfo> {
    this.#assertReachable();
    const info = await this.#log.info();
    return { ...info, lastSequence: Math.min(info.lastSequence, this.#knownTo) };
  }

  async *read(options: ReadOptions): AsyncGenerator<LogMessage> {
    if (this.#lost.signal.aborted) throw unreachable();
    const lost = this.#lost.signal;
    const signal = options.signal === undefined ? lost : AbortSignal.any([options.signal, lost]);
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    for await (const message of this.#log.read({ ...options, signal })) {
      while (message.sequence > this.#readableTo && !signal.aborted) {
        await Promise.race([this.#gate.promise, aborted]);
      }
      if (signal.aborted) break;
      yield message;
    }
    if (lost.aborted && options.signal?.aborted !== true) throw unreachable();
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    this.#assertConnected();
    return this.#log.append(request);
  }

  async at(sequence: number): Promise<LogMessage | undefined> {
    this.#assertConnected();
    return this.#log.at(sequence);
  }

  async lastOf(subject: string): Promise<LogMessage | undefined> {
    this.#assertConnected();
    return this.#log.lastOf(subject);
  }

  purge(before: number): Promise<void> {
    return this.#log.purge(before);
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  #assertReachable(): void {
    if (!this.#isReachable) throw unreachable();
  }

  #assertConnected(): void {
    if (this.#lost.signal.aborted) throw unreachable();
  }
}

function unreachable(): Failure {
  return new Failure("use a log", { code: "log.unreachable", retryable: true });
}
