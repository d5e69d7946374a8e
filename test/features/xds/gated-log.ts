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

  open(): void {
    this.#readableTo = Number.POSITIVE_INFINITY;
    this.#knownTo = Number.POSITIVE_INFINITY;
    this.#isReachable = true;
    this.#gate.resolve();
    this.#gate = Promise.withResolvers();
  }

  async info(): Promise<LogInfo> {
    if (!this.#isReachable) throw new Failure("look at a log", { code: "log.unreachable", retryable: true });
    const info = await this.#log.info();
    return { ...info, lastSequence: Math.min(info.lastSequence, this.#knownTo) };
  }

  async *read(options: ReadOptions): AsyncGenerator<LogMessage> {
    const aborted = new Promise<void>((resolve) =>
      options.signal?.addEventListener("abort", () => resolve()),
    );
    for await (const message of this.#log.read(options)) {
      while (message.sequence > this.#readableTo && options.signal?.aborted !== true) {
        await Promise.race([this.#gate.promise, aborted]);
      }
      if (options.signal?.aborted === true) return;
      yield message;
    }
  }

  append(request: AppendRequest): Promise<AppendOutcome> {
    return this.#log.append(request);
  }

  at(sequence: number): Promise<LogMessage | undefined> {
    return this.#log.at(sequence);
  }

  lastOf(subject: string): Promise<LogMessage | undefined> {
    return this.#log.lastOf(subject);
  }

  purge(before: number): Promise<void> {
    return this.#log.purge(before);
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}
