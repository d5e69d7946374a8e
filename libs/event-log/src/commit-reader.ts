import { bytesEqual, Failure, formatRevision, sha256 } from "@routeledger/std";
import { adoptedFailure, adoptedSince } from "./adoption.ts";
import { type Commit, emptyTail, type LogItem, type LogTail } from "./commit.ts";
import { CommitAssembler, type StoppedItem, skipped } from "./commit-assembler.ts";
import type { EventLog, LogInfo, LogMessage } from "./event-log-port.ts";
import { catalogBetween, decodeEventSkip, skippedAfterReadFailure, skipsAhead } from "./event-skips.ts";
import type { ReadableKinds } from "./kinds.ts";

export interface CommitReaderOptions {
  /** The `tail` of an item of this log, of a checkpoint, or undefined: from the beginning. */
  readonly from: LogTail | undefined;
  /** `configKinds`, `xdsKinds`, `deliveryKinds`. */
  readonly kinds: ReadableKinds;
  /** False for DELIVERY. Default true. */
  readonly chained?: boolean;
  /**
   * `LogInfo.identity` that the log must have, or another one that an operator adopted since (docs/spec/log.md, L10).
   * Absent: whichever it has when it is first read.
   */
  readonly identity?: string;
  /** Called by each `read` when the log was found to be the one that was read before. */
  readonly onAttached?: () => void;
  /** Called when a message, and all items that it made certain, are behind the consumer. */
  readonly onMessage?: (tail: LogTail) => void;
}

export interface CommitReadOptions {
  /** Ends after the message with this sequence; absent: follows for ever. */
  readonly until?: number;
  /** Ends quietly when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Reads a log's commits, as every reader of every version sees them (docs/spec/log.md).
 *
 * `read` throws Failure
 * - `log.recreated`, `log.shorter`, `log.gap`, `log.brokenChain`, `log.staleEpoch`: something was lost or
 *   exchanged below us. Never followed; an operator decides (`adoptedSince`).
 * - `log.adopted`: the same, and an operator adopted the log as it is: begin with the last Catalog.
 * - `log.compacted`: what it should begin with was purged: begin with the last Catalog.
 * - `log.tooNew`: a commit that this version cannot read. `read` again goes on when an operator has skipped it;
 *   `awaitSkip` waits for that.
 * - `log.skippedAfterRead`: a revision that was yielded is skipped for all: begin with the last Catalog.
 * - what the adapter throws.
 * After any but `log.tooNew` and retryable ones of the adapter the reader is of no use.
 *
 * One `read` at a time; when it has ended, the next goes on where it ended and yields nothing twice.
 */
export class CommitReader {
  readonly #log: EventLog;
  readonly #assembler: CommitAssembler;
  readonly #chained: boolean;
  readonly #onAttached: () => void;
  readonly #onMessage: (tail: LogTail) => void;
  #identity: string | undefined;
  /** Items of the last message that were not yielded yet. */
  #items: (LogItem | StoppedItem)[] = [];
  #resumeFrom: LogTail;
  #reported: number;

  constructor(log: EventLog, options: CommitReaderOptions) {
    const { from = emptyTail, kinds, chained = true, identity } = options;
    const { onAttached = () => {}, onMessage = () => {} } = options;
    this.#log = log;
    this.#assembler = new CommitAssembler({ log: log.name, from, kinds, chained });
    this.#chained = chained;
    this.#identity = identity;
    this.#onAttached = onAttached;
    this.#onMessage = onMessage;
    this.#resumeFrom = from;
    this.#reported = from.sequence;
  }

  /** After the last message that was read, complete commit or not: what a writer goes on from. */
  get tail(): LogTail {
    return this.#assembler.tail;
  }

  /** After the last item that was yielded: a reader made from it goes on with the next item. */
  get resumeFrom(): LogTail {
    return this.#resumeFrom;
  }

  /**
   * `LogInfo.identity` of the log that is read; undefined before the first `read` where none was given. Changes
   * when the log goes on in other storage (L10): what remembers a tail remembers it with this.
   */
  get identity(): string | undefined {
    return this.#identity;
  }

  /** The commit that this version cannot read, while it is stopped there. */
  get stoppedAt(): Commit | undefined {
    const next = this.#items[0];
    return next?.type === "stopped" ? next.commit : undefined;
  }

  async *read({ until, signal }: CommitReadOptions = {}): AsyncGenerator<LogItem> {
    await this.#attach(signal);
    this.#onAttached();
    for (let item = await this.#next(); item; item = await this.#next()) yield item;
    const after = this.tail.sequence;
    const messages = this.#log.read({
      after,
      ...(until !== undefined && { until }),
      ...(signal && { signal }),
    });
    for await (const message of messages) {
      this.#items = await this.#pushed(message, signal);
      for (let item = await this.#next(); item; item = await this.#next()) yield item;
    }
  }

  /** Resolves when an operator has skipped the commit at which the reader stopped, or when aborted. */
  async awaitSkip(signal: AbortSignal): Promise<void> {
    const stopped = this.stoppedAt;
    if (!stopped) return;
    for await (const message of this.#log.read({ after: stopped.revision.sequence, signal })) {
      const { lastSequence } = await this.#log.info();
      if (message.sequence < lastSequence) continue;
      if ((await this.#skipReason(stopped)) !== undefined) return;
    }
  }

  /** The next item of the messages that were read; undefined when all are behind the consumer. */
  async #next(): Promise<LogItem | undefined> {
    let item = this.#items[0];
    if (item?.type === "stopped") {
      const reason = await this.#skipReason(item.commit);
      if (reason === undefined) throw this.#tooNewFailure(item.commit);
      item = skipped(item.tail, `skipped by an operator: ${reason}`);
    }
    if (item === undefined) {
      if (this.tail.sequence > this.#reported) this.#onMessage(this.tail);
      this.#reported = this.tail.sequence;
      return undefined;
    }
    if (item.type === "commit") await this.#checkLateSkip(item.commit);
    // Behind all that can fail: an item that could not be judged is there again at the next read.
    this.#items.shift();
    this.#resumeFrom = item.tail;
    return item;
  }

  async #pushed(message: LogMessage, signal: AbortSignal | undefined): Promise<(LogItem | StoppedItem)[]> {
    try {
      return this.#assembler.push(message);
    } catch (error) {
      // Where the log was exchanged while it was read, its place tells more than the message that does not fit.
      await this.#attach(signal);
      throw error;
    }
  }

  /** Another log under the same name, a shorter one, or one with another past, is said at once, not at the next message. */
  async #attach(signal: AbortSignal | undefined): Promise<void> {
    const info = await this.#log.info();
    this.#identity ??= info.identity;
    const loss = await this.#lossOf(info);
    if (loss || info.identity !== this.#identity || !this.#chained) await this.#goOnWhenAdopted(info, loss);
    if (this.#chained) await this.#learnSkips(this.tail.sequence, signal);
  }

  /** What of that which was read is not in the log any more. */
  async #lossOf({ lastSequence }: LogInfo): Promise<Loss | undefined> {
    const { sequence, hash } = this.tail;
    if (lastSequence < sequence) {
      return { code: "log.shorter", what: `it ends at ${lastSequence}, ${sequence} was read before` };
    }
    const message = this.#chained && sequence > 0 ? await this.#log.at(sequence) : undefined;
    if (!message || bytesEqual(sha256(message.body), hash)) return undefined;
    return { code: "log.brokenChain", what: `message ${sequence} is another one than was read before` };
  }

  /**
   * An operator's word lets a reader go on with other storage of which nothing that it read is lost, and lets one
   * that lost something begin again (L10). Without chain, as in DELIVERY, an adoption that is not behind the tail is
   * all that tells of a loss.
   */
  async #goOnWhenAdopted({ identity }: LogInfo, loss: Loss | undefined): Promise<void> {
    const adoption = await adoptedSince(this.#log, this.tail);
    if (!adoption) {
      if (identity !== this.#identity) {
        throw this.#lostFailure({
          code: "log.recreated",
          what: `it is another log (${identity}) than before (${this.#identity})`,
        });
      }
      if (loss) throw this.#lostFailure(loss);
      return;
    }
    const { sequence } = this.tail;
    if (loss) throw adoptedFailure(this.#log, this.tail, adoption, loss.what);
    if (adoption.revision.sequence <= sequence)
      throw adoptedFailure(this.#log, this.tail, adoption, `${sequence} was read before`);
    this.#identity = identity;
  }

  async #learnSkips(after: number, signal?: AbortSignal): Promise<void> {
    const skips = await skipsAhead(this.#log, after, signal);
    for (const [revision, reason] of skips) this.#assembler.skips.set(revision, reason);
  }

  /** Reads ahead of a commit that cannot be read, for an EventSkipped that names it and for nothing else. */
  async #skipReason({ revision }: Commit): Promise<string | undefined> {
    const known = this.#assembler.skips.get(formatRevision(revision));
    if (known !== undefined) return known;
    await this.#learnSkips(revision.sequence - 1);
    return this.#assembler.skips.get(formatRevision(revision));
  }

  async #checkLateSkip({ kind, payload, revision, firstSequence }: Commit): Promise<void> {
    const at = revision.sequence;
    if (kind !== "EventSkipped" || firstSequence !== at) return;
    const skip = decodeEventSkip(payload);
    if (!skip || skip.revision.sequence >= at || this.#assembler.skips.has(formatRevision(skip.revision)))
      return;
    if (await catalogBetween(this.#log, skip.revision.sequence, at)) return;
    throw skippedAfterReadFailure(this.#log, skip, at);
  }

  #lostFailure({ code, what }: Loss): Failure {
    return new Failure(`read log ${this.#log.name}: ${what}`, {
      code,
      retryable: false,
      hint: "bring back the right log, or go on with this one as it is: routeledger log adopt",
      fields: { log: this.#log.name, sequence: this.tail.sequence },
    });
  }

  #tooNewFailure({ kind, schemaVersion, revision }: Commit): Failure {
    const at = formatRevision(revision);
    return new Failure(
      `read log ${this.#log.name}: revision ${at} is a ${kind} of schema version ${schemaVersion}, which this version cannot read`,
      {
        code: "log.tooNew",
        retryable: false,
        hint: `run a version that reads ${kind} ${schemaVersion}, or skip revision ${at} for all`,
        fields: { log: this.#log.name, revision: at, kind, schemaVersion },
      },
    );
  }
}

interface Loss {
  readonly code: "log.recreated" | "log.shorter" | "log.brokenChain";
  readonly what: string;
}
