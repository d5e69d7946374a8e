import {
  type AppendOutcome,
  type AppendRequest,
  AppendSignal,
  assertAppendRequest,
  closedFailure,
  compactedFailure,
  type EventLog,
  type LogInfo,
  type LogMessage,
  type LogName,
  type ReadOptions,
} from "@routeledger/event-log";
import { assert } from "@routeledger/std";
import type Database from "better-sqlite3";
import { guarded } from "./sqlite-failure.ts";

/** Messages that one query of `read` takes: at most 20 MiB at a time. */
const readBatchMessages = 32;

interface Row {
  readonly sequence: number;
  readonly body: Buffer;
}

/**
 * EventLog on one SQLite database, which it has to itself: `openSqliteEventLogs` makes sure of that. An append is
 * one transaction, so a commit is stored whole or not at all. Work is synchronous: an append blocks the process
 * for as long as the disk's fsync takes.
 */
export class SqliteEventLog implements EventLog {
  readonly name: LogName;
  readonly #database: Database.Database;
  readonly #appended = new AppendSignal();
  readonly #closed = new AbortController();
  readonly #identity: string;
  readonly #insert: Database.Statement;
  readonly #first: Database.Statement;
  readonly #last: Database.Statement;
  readonly #after: Database.Statement;
  readonly #at: Database.Statement;
  readonly #lastOf: Database.Statement;

  /** @param database opened and prepared by `prepareDatabase` */
  constructor(name: LogName, database: Database.Database) {
    this.name = name;
    this.#database = database;
    const identity = database.prepare("SELECT value FROM meta WHERE key = 'identity'").pluck().get();
    assert(typeof identity === "string", `an identity in ${database.name}, got ${identity}`);
    this.#identity = identity;
    this.#insert = database.prepare("INSERT INTO messages (sequence, subject, body) VALUES (?, ?, ?)");
    this.#first = database
      .prepare("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'first_sequence'")
      .pluck();
    this.#last = database.prepare("SELECT max(sequence) FROM messages").pluck();
    this.#after = database.prepare(
      `SELECT sequence, body FROM messages WHERE sequence > ? ORDER BY sequence LIMIT ${readBatchMessages}`,
    );
    this.#at = database.prepare("SELECT sequence, body FROM messages WHERE sequence = ?");
    this.#lastOf = database.prepare(
      "SELECT sequence, body FROM messages WHERE subject = ? ORDER BY sequence DESC LIMIT 1",
    );
  }

  async info(): Promise<LogInfo> {
    return this.#work("look at", () => ({
      identity: this.#identity,
      firstSequence: this.#firstSequence(),
      lastSequence: this.#lastSequence(),
    }));
  }

  async append(request: AppendRequest): Promise<AppendOutcome> {
    assertAppendRequest(request);
    const outcome = this.#work(
      "append to",
      () => this.#database.transaction(() => this.#insertAll(request)).immediate(),
      true,
    );
    if (outcome.outcome === "appended") this.#appended.notify();
    return outcome;
  }

  #insertAll({ messages, expectedLast }: AppendRequest): AppendOutcome {
    let last = this.#lastSequence();
    if (expectedLast !== undefined && expectedLast !== last) return { outcome: "fenced", lastSequence: last };
    for (const { subject, body } of messages) this.#insert.run(++last, subject, body);
    return { outcome: "appended", lastSequence: last };
  }

  async *read({ after, until, signal }: ReadOptions): AsyncGenerator<LogMessage> {
    const ended = signal ? AbortSignal.any([signal, this.#closed.signal]) : this.#closed.signal;
    if (this.#closed.signal.aborted) throw closedFailure(this.name, "read");
    let position = after;
    while (!ended.aborted && (until === undefined || position < until)) {
      const rows = this.#batchAfter(position);
      if (rows.length === 0) await this.#appended.wait(ended);
      // A long replay takes turns with everything else in the process.
      else await new Promise(setImmediate);
      for (const row of rows) {
        if (ended.aborted || (until !== undefined && row.sequence > until)) return;
        position = row.sequence;
        yield messageOf(row);
      }
    }
  }

  #batchAfter(position: number): Row[] {
    return this.#work("read", () => {
      const first = this.#firstSequence();
      if (position + 1 < first) throw compactedFailure(this.name, position, first);
      return this.#after.all(position) as Row[];
    });
  }

  async at(sequence: number): Promise<LogMessage | undefined> {
    const row = this.#work("read", () => this.#at.get(sequence) as Row | undefined);
    return row && messageOf(row);
  }

  async lastOf(subject: string): Promise<LogMessage | undefined> {
    const row = this.#work("read", () => this.#lastOf.get(subject) as Row | undefined);
    return row && messageOf(row);
  }

  async purge(before: number): Promise<void> {
    const purge = this.#database.transaction(() => {
      const first = Math.min(before, this.#lastSequence() + 1);
      if (first <= this.#firstSequence()) return;
      this.#database.prepare("UPDATE meta SET value = ? WHERE key = 'first_sequence'").run(String(first));
      this.#database.prepare("DELETE FROM messages WHERE sequence < ?").run(first);
    });
    this.#work("purge", () => purge.immediate(), true);
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#work("close", () => this.#database.close(), true);
  }

  #firstSequence(): number {
    return this.#first.get() as number;
  }

  /** Kept by the beginning where all messages are purged. */
  #lastSequence(): number {
    return (this.#last.get() as number | null) ?? this.#firstSequence() - 1;
  }

  #work<T>(doing: string, body: () => T, writes = false): T {
    if (this.#closed.signal.aborted && doing !== "close") throw closedFailure(this.name, doing);
    return guarded({ doing: `${doing} log ${this.name}`, file: this.#database.name, writes }, body);
  }
}

function messageOf({ sequence, body }: Row): LogMessage {
  return { sequence, body: new Uint8Array(body.buffer, body.byteOffset, body.length) };
}
