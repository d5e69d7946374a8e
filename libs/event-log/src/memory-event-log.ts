import { appendMessagesMax, assertAppendRequest, closedFailure, compactedFailure } from "./append-request.ts";
import { AppendSignal } from "./append-signal.ts";
import type {
  AppendOutcome,
  AppendRequest,
  EventLog,
  LogInfo,
  LogMessage,
  LogName,
  ReadOptions,
} from "./event-log-port.ts";

interface Stored extends LogMessage {
  readonly subject: string;
}

/**
 * What a log in memory consists of, apart from the handle: two handles on one `MemoryStorage` are two processes
 * on one log. Open to tests, which damage it.
 */
export class MemoryStorage {
  identity: string;
  /** Sequence of the first message in `messages`; messages have no gaps. */
  firstSequence = 1;
  messages: Stored[] = [];
  readonly appended = new AppendSignal();

  constructor(identity: string) {
    this.identity = identity;
  }

  get lastSequence(): number {
    return this.firstSequence + this.messages.length - 1;
  }
}

/** EventLog in memory: for the simulation and for tests. Lives as long as its storage. */
export class MemoryEventLog implements EventLog {
  readonly name: LogName;
  readonly #storage: MemoryStorage;
  readonly #closed = new AbortController();

  constructor(name: LogName, storage: MemoryStorage) {
    this.name = name;
    this.#storage = storage;
  }

  async info(): Promise<LogInfo> {
    this.#assertOpen("look at");
    const { identity, firstSequence, lastSequence } = this.#storage;
    return { identity, firstSequence, lastSequence };
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    assertAppendRequest(request);
    this.#assertOpen("append to");
    const storage = this.#storage;
    if (request.expectedLast !== undefined && request.expectedLast !== storage.lastSequence) {
      return { outcome: "fenced", lastSequence: storage.lastSequence };
    }
    for (const { subject, body } of request.messages) {
      storage.messages.push({ sequence: storage.lastSequence + 1, subject, body: body.slice() });
    }
    storage.appended.notify();
    return { outcome: "appended", lastSequence: storage.lastSequence };
  }

  async *read({ after, until, signal }: ReadOptions): AsyncGenerator<LogMessage> {
    this.#assertOpen("read");
    const ended = signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
    const storage = this.#storage;
    let position = after;
    while (!ended.aborted && (until === undefined || position < until)) {
      if (position + 1 < storage.firstSequence) {
        throw compactedFailure(this.name, position, storage.firstSequence);
      }
      const start = position + 1 - storage.firstSequence;
      const batch = storage.messages.slice(start, start + appendMessagesMax);
      if (batch.length === 0) await storage.appended.wait(ended);
      for (const message of batch) {
        if (ended.aborted || (until !== undefined && message.sequence > until)) return;
        position = message.sequence;
        yield { sequence: message.sequence, body: message.body };
      }
    }
  }

  async at(sequence: number): Promise<LogMessage | undefined> {
    this.#assertOpen("read");
    const message = this.#storage.messages[sequence - this.#storage.firstSequence];
    return message && { sequence: message.sequence, body: message.body };
  }

  async lastOf(subject: string): Promise<LogMessage | undefined> {
    this.#assertOpen("read");
    const message = this.#storage.messages.findLast((candidate) => candidate.subject === subject);
    return message && { sequence: message.sequence, body: message.body };
  }

  async purge(before: number): Promise<void> {
    this.#assertOpen("purge");
    const storage = this.#storage;
    const count = Math.min(Math.max(before - storage.firstSequence, 0), storage.messages.length);
    storage.messages.splice(0, count);
    storage.firstSequence += count;
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  #assertOpen(doing: string): void {
    if (this.#closed.signal.aborted) throw closedFailure(this.name, doing);
  }
}
