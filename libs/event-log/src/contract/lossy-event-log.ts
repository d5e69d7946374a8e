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

/** A log whose replies get lost, and that can be out of reach: what a network does to every adapter. */
export class LossyEventLog implements EventLog {
  #log: EventLog;
  readonly #losses: Loss[] = [];
  #late: (() => Promise<unknown>)[] = [];
  /** Aborted in an outage. */
  #reachable = new AbortController();
  #outageAt: number | undefined;
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

  /** Until `mend` all calls fail with `log.unreachable`, and those who read are told so. */
  beginOutage(): void {
    this.#reachable.abort();
  }

  /** The outage begins when the message with that sequence is read: it is the last one for now. */
  beginOutageAt(sequence: number): void {
    this.#outageAt = sequence;
  }

  /** Ends an outage. @param log what is found in the log's place; absent: the same */
  mend(log: EventLog = this.#log): void {
    this.#log = log;
    this.#reachable = new AbortController();
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    this.appends++;
    this.#assertReachable();
    const loss = this.#losses.shift();
    if (!loss) return await this.#log.append(request);
    if (loss.stored === "later") this.#late.push(() => this.#log.append(request));
    else if (loss.stored > 0) {
      await this.#log.append({ ...request, messages: request.messages.slice(0, loss.stored) });
    }
    throw new Failure("append to the log: no reply", { code: "log.unknownOutcome", retryable: true });
  }

  async info(): Promise<LogInfo> {
    this.#assertReachable();
    return await this.#log.info();
  }

  async *read({ signal, ...options }: ReadOptions): AsyncGenerator<LogMessage> {
    this.#assertReachable();
    const lost = this.#reachable.signal;
    const either = signal ? AbortSignal.any([signal, lost]) : lost;
    for await (const message of this.#log.read({ ...options, signal: either })) {
      if (either.aborted) break;
      if (message.sequence === this.#outageAt) {
        this.#outageAt = undefined;
        this.beginOutage();
      }
      yield message;
    }
    if (lost.aborted && !signal?.aborted) throw unreachable(this.name);
  }

  async at(sequence: number): Promise<LogMessage | undefined> {
    this.#assertReachable();
    const late = this.#late;
    this.#late = [];
    const found = await this.#log.at(sequence);
    // After the answer: the reader believes that nothing is there, and then it is.
    for (const append of late) await append();
    return found;
  }

  async lastOf(subject: string): Promise<LogMessage | undefined> {
    this.#assertReachable();
    return await this.#log.lastOf(subject);
  }

  async purge(before: number): Promise<void> {
    this.#assertReachable();
    await this.#log.purge(before);
  }

  async close(): Promise<void> {
    await this.#log.close();
  }

  #assertReachable(): void {
    if (this.#reachable.signal.aborted) throw unreachable(this.name);
  }
}

function unreachable(log: LogName): Failure {
  return new Failure(`log ${log}: no connection`, { code: "log.unreachable", retryable: true });
}
