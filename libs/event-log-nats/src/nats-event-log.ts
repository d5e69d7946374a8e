import {
  type AppendOutcome,
  type AppendRequest,
  assertAppendRequest,
  closedFailure,
  type EventLog,
  type LogInfo,
  type LogMessage,
  type LogName,
  type ReadOptions,
} from "@routeledger/event-log";
import { assert } from "@routeledger/std";
import {
  answered,
  apiErrors,
  askAgain,
  askApi,
  type StoredMessage,
  type StreamInfo,
} from "./jetstream-api.ts";
import { MessageFeed } from "./message-feed.ts";
import type { NatsLink } from "./nats-link.ts";
import { appendToStream } from "./stream-append.ts";
import { subjectOf } from "./stream-settings.ts";

/** A read of no more messages than these asks for each by itself: cheaper than a consumer. */
const singlyReadMax = 8;
/** How often an end that lies before what is known is asked for again, and the wait before that, milliseconds. */
const staleAttemptsMax = 30;
const staleDelayMs = 100;

/**
 * EventLog on one JetStream stream. `info`, `at` and `lastOf` are answered by the stream's leader, never by a replica
 * that may be behind; `read` follows a consumer, which any replica may serve, in order and only what most of them hold.
 */
export class NatsEventLog implements EventLog {
  readonly name: LogName;
  readonly #link: NatsLink;
  readonly #closed = new AbortController();
  /** The furthest that this process knows of the log. */
  #seen: Pick<LogInfo, "identity" | "lastSequence">;

  /** @param info of the stream, found and checked on that link */
  constructor(name: LogName, link: NatsLink, info: StreamInfo) {
    this.name = name;
    this.#link = link;
    this.#seen = logInfoOf(info);
  }

  /**
   * A leader that was deposed without knowing it answers, too, for a moment: a log that ends before what this process
   * has seen of it is asked again before that is believed.
   */
  async info(): Promise<LogInfo> {
    for (let attempt = 1; ; attempt++) {
      const info = await this.#askInfo();
      const behind = info.identity === this.#seen.identity && info.lastSequence < this.#seen.lastSequence;
      if (!behind || attempt === staleAttemptsMax) {
        this.#seen = info;
        return info;
      }
      await new Promise((resolve) => setTimeout(resolve, staleDelayMs));
    }
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    assertAppendRequest(request);
    for (const { subject } of request.messages) assertSubject(subject);
    this.#assertOpen("append to");
    const outcome = await appendToStream({ link: this.#link, log: this }, request);
    this.#saw(outcome.lastSequence);
    return outcome;
  }

  async *read({ after, until, signal }: ReadOptions): AsyncGenerator<LogMessage> {
    this.#assertOpen("read");
    const ended = signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
    let position = after;
    if (until !== undefined && until - after <= singlyReadMax) {
      while (position < until) {
        const message = await this.#atUnlessEnded(position + 1, ended);
        if (ended.aborted) return;
        // It is purged, or not there yet: a consumer tells.
        if (!message) break;
        position = message.sequence;
        this.#saw(position);
        yield message;
      }
    }
    if (ended.aborted || (until !== undefined && position >= until)) return;
    const { name } = this;
    const feed = new MessageFeed({ link: this.#link, name, after: position, until, info: () => this.info() });
    const stop = (): void => feed.stop();
    ended.addEventListener("abort", stop, { once: true });
    try {
      if (ended.aborted) return;
      feed.start();
      for (let message = await feed.next(); message; message = await feed.next()) {
        if (ended.aborted || (until !== undefined && message.sequence > until)) return;
        this.#saw(message.sequence);
        yield message;
        if (message.sequence === until) return;
      }
    } finally {
      ended.removeEventListener("abort", stop);
      feed.stop();
    }
  }

  async at(sequence: number): Promise<LogMessage | undefined> {
    if (sequence < 1) {
      this.#assertOpen("read");
      return undefined;
    }
    return await this.#get({ seq: sequence });
  }

  async lastOf(subject: string): Promise<LogMessage | undefined> {
    assertSubject(subject);
    return await this.#get({ last_by_subj: subjectOf(this.name, subject) });
  }

  async purge(before: number): Promise<void> {
    // Behind the end the server would move the end, too: sequences would be lost.
    const { firstSequence, lastSequence } = await this.info();
    const seq = Math.min(before, lastSequence + 1);
    if (seq <= firstSequence) return;
    answered(
      await askApi(this.#link, `STREAM.PURGE.${this.name}`, { seq }),
      `purge log ${this.name} before ${seq}`,
      this.name,
    );
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  async #askInfo(): Promise<LogInfo> {
    this.#assertOpen("look at");
    const answer = await askAgain<StreamInfo>(this.#link, `STREAM.INFO.${this.name}`);
    return logInfoOf(answered(answer, `look at log ${this.name}`, this.name));
  }

  #saw(sequence: number): void {
    if (sequence > this.#seen.lastSequence) this.#seen = { ...this.#seen, lastSequence: sequence };
  }

  async #get(
    which: { readonly seq: number } | { readonly last_by_subj: string },
  ): Promise<LogMessage | undefined> {
    this.#assertOpen("read");
    const answer = await askAgain<{ readonly message: StoredMessage }>(
      this.#link,
      `STREAM.MSG.GET.${this.name}`,
      which,
    );
    if (answer.kind === "error" && answer.error.err_code === apiErrors.noMessage) return undefined;
    const { seq, data = "" } = answered(answer, `read log ${this.name}`, this.name).message;
    return { sequence: seq, body: bytesOf(data) };
  }

  /** Undefined also when what is asked for is not wanted any more. */
  async #atUnlessEnded(sequence: number, ended: AbortSignal): Promise<LogMessage | undefined> {
    if (ended.aborted) return undefined;
    try {
      return await this.at(sequence);
    } catch (error) {
      if (ended.aborted) return undefined;
      throw error;
    }
  }

  #assertOpen(doing: string): void {
    if (this.#closed.signal.aborted) throw closedFailure(this.name, doing);
  }
}

function logInfoOf({ created, state: { first_seq, last_seq } }: StreamInfo): LogInfo {
  return { identity: created, firstSequence: Math.max(1, first_seq), lastSequence: last_seq };
}

/** Of its own memory: a slice of Node's pool would keep its neighbours alive. */
function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** A kind is one token of a NATS subject. */
function assertSubject(subject: string): void {
  assert(/^[A-Za-z0-9_-]{1,64}$/.test(subject), `a subject of letters and digits, got ${subject}`);
}
