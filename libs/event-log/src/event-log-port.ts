/**
 * The EventLog port: an append-only sequence of message bodies, with exact fencing.
 *
 * An adapter stores bodies byte for byte and knows nothing of envelopes, commits or chains: `CommitWriter` and
 * `CommitReader` of this package build those on top, once, for every adapter, so that logs copy byte for byte
 * from one adapter to another. `eventLogContract` in `./testing` asks every adapter all that is said here.
 *
 * 1. Sequences start at 1 and have no gaps within what is retained. They are never used twice.
 * 2. `append` with `expectedLast` stores all bodies directly after that sequence or, when the log's last
 *    sequence is another, none of them (`fenced`). Exactly one of two racing appends with the same expectation
 *    succeeds.
 * 3. Several bodies may be stored as a prefix when the process or the server dies half-way: nobody may rely on
 *    more. No other writer's message stands between them when the outcome is `appended` and `expectedLast` was given.
 *    Readers, `info` and the last sequence of a fence may show them one by one all the same.
 * 4. When `append` resolves, the bodies are durable (fsync, or what the operator configured). When it rejects
 *    with a Failure of code `log.unknownOutcome`, they may be stored, or be stored later: the caller reads back and compares
 *    commit ids before it does anything else.
 * 5. `read` yields every message after `after`, in order, once, and goes on waiting for more until the signal
 *    is aborted; a reader that finds `sequence !== previous + 1` has lost something and must stop.
 * 6. `info().identity` is another one when the log was deleted and made again. Storage that can tell gives another
 *    one for a log that was restored from an old copy, too; readers do not rely on that and compare the hash of
 *    the message at which they stand.
 * 7. `purge` removes from the beginning only; reading before `firstSequence` is refused with a Failure of code `log.compacted` that
 *    says the oldest sequence. A log that is purged whole goes on with the sequence after its last one.
 * 8. Bodies come back byte for byte; what a caller does to its own array afterwards changes nothing. An empty body
 *    is one.
 * 9. `lastOf` knows what is retained, and that only. `at` answers undefined before the first and after the last.
 * 10. Any number of readers, each at its own place; an append in the same process wakes those that wait, without
 *    polling. A reader that begins behind the end waits there.
 * 11. After `close`: `append`, `info`, `at`, `lastOf`, `purge` and a new `read` fail with `log.closed`, readers end as if aborted.
 * 12. Full disks are said (`log.diskFull`) and nothing of the append is stored; after any other failure of storage
 *    during an append the outcome is unknown.
 * 13. Storage that cannot be reached now is said with a retryable Failure `log.unreachable`: of an append, nothing
 *    was stored then (else `log.unknownOutcome`); a `read` ends with it, and whoever reads again compares identity,
 *    length and chain first, since anything may have happened meanwhile. Adapters reconnect by themselves.
 */
export interface EventLog {
  readonly name: LogName;
  info(): Promise<LogInfo>;
  append(request: AppendRequest): Promise<AppendOutcome>;
  /** Yields messages with a sequence above `after`. Ends when `signal` is aborted, throws Failure otherwise. */
  read(options: ReadOptions): AsyncIterable<LogMessage>;
  /** The message with that sequence, or undefined where the log does not hold it. */
  at(sequence: number): Promise<LogMessage | undefined>;
  /** The newest message that was appended under that subject. */
  lastOf(subject: string): Promise<LogMessage | undefined>;
  /** Removes all messages with a sequence below `before`. Idempotent. */
  purge(before: number): Promise<void>;
  /** Readers end, appends fail with `log.closed`. Idempotent. */
  close(): Promise<void>;
}

export type LogName = "CONFIG" | "XDS" | "DELIVERY";

export interface LogInfo {
  /** Differs for every log that was ever created; does not change while the log lives. */
  readonly identity: string;
  /** 1 for a log that was never purged; lastSequence + 1 where all is purged. */
  readonly firstSequence: number;
  /** 0 for an empty log. */
  readonly lastSequence: number;
}

export interface LogMessage {
  readonly sequence: number;
  readonly body: Uint8Array;
}

export interface AppendRequest {
  /** 1 to 128 messages, each at most 640 KiB. */
  readonly messages: readonly NewMessage[];
  /** The fence: the last sequence that the writer knows. Absent: append wherever the log ends (DELIVERY only). */
  readonly expectedLast?: number;
}

export interface NewMessage {
  /** An index for `lastOf`, by convention the envelope's kind. The body is the truth, the subject is not. */
  readonly subject: string;
  readonly body: Uint8Array;
}

export type AppendOutcome =
  | { readonly outcome: "appended"; readonly lastSequence: number }
  | { readonly outcome: "fenced"; readonly lastSequence: number };

export interface ReadOptions {
  /** 0 to read from the beginning. */
  readonly after: number;
  /** Stop after this sequence; absent: follow for ever. */
  readonly until?: number;
  readonly signal?: AbortSignal;
}
