import { Failure } from "@routeledger/std";
import type {
  AppendOutcome,
  AppendRequest,
  EventLog,
  LogInfo,
  LogMessage,
  LogName,
  ReadOptions,
} from "../event-log-port.ts";

/** What becomes of one append whose reply is lost. */
export type Loss =
  /** So many of its messages are stored. */
  | { readonly stored: number }
  /** Nothing is stored yet; all is stored when the log is next read, unless another was first. */
  | { readonly stored: "later" };

/** A log whose replies get lost: what a network does to every adapter. Reads go through. */
export class LossyEventLog implements EventLog {
  readonly #log: EventLog;
  readonly #losses: Loss[] = [];
  #late: (() => Promise<unknown>)[] = [];
  /** How many appends were asked for. */
  appends = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  get name(): LogName {
    return this.#log.name;
  }

  /** The next appends that have no loss before them lose their reply. */
  loseReply(...losses: readonly Loss[]): void {
    this.#losses.push(...losses);
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    this.appends++;
    const loss = this.#losses.shift();
    if (!loss) return await this.#log.append(request);
    if (loss.stored === "later") this.#late.push(() => this.#log.append(request));
    else if (loss.stored > 0) {
      await this.#log.append({ ...request, messages: request.messages.slice(0, loss.stored) });
    }
    throw new Failure("append to the log: no reply", { code: "log.unknownOutcome", retryable: true });
  }

  async info(): Promise<LogInfo> {
    return await this.#log.info();
  }

  read(options: ReadOptions): AsyncIterable<LogMessage> {
    return this.#log.read(options);
  }

  async at(sequence: number): Promise<LogMessage | undefined> {
    const late = this.#late;
    this.#late = [];
    const found = await this.#log.at(sequence);
    // After the answer: the reader believes that nothing is there, and then it is.
    for (const append of late) await append();
    return found;
  }

  async lastOf(subject: string): Promise<LogMessage | undefined> {
    return await this.#log.lastOf(subject);
  }

  async purge(before: number): Promise<void> {
    await this.#log.purge(before);
  }

  async close(): Promise<void> {
    await this.#log.close();
  }
}
