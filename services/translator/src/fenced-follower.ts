import {
  type Commit,
  CommitReader,
  type CommitWriter,
  type EventLog,
  Interruption,
  isInterruption,
  type LogTail,
  type NewCommit,
  type ReadableKinds,
} from "@routeledger/event-log";
import { assert, type Clock, Failure, Mailbox } from "@routeledger/std";

/** How many items may wait to be taken. */
const waitingMax = 1024;

/** A commit, or a position behind something that all readers skip. */
export interface Position {
  readonly commit: Commit | undefined;
  readonly tail: LogTail;
}

export interface FencedFollowerOptions {
  readonly log: EventLog;
  readonly kinds: ReadableKinds;
  readonly from: LogTail;
  readonly writer: CommitWriter;
  readonly signal: AbortSignal;
  /** The log holds a commit that this version cannot read; the follower waits until an operator skips it. */
  readonly onStopped: (failure: Failure) => void;
  /** Called once an outage of the log; the follower reads again by itself. */
  readonly onInterrupted: (failure: Failure) => void;
  readonly clock: Clock;
}

/**
 * Follows a log that others write too, and appends to it behind all that was taken, so that whoever folds what it
 * takes decides on the state at the fence. When the log is out of reach it waits and reads again.
 */
export class FencedFollower {
  readonly #options: FencedFollowerOptions;
  readonly #reader: CommitReader;
  readonly #interruption: Interruption;
  readonly #mailbox = new Mailbox<Position>(waitingMax);
  /** Behind the last message of which all items are in the mailbox or taken. */
  #read: LogTail;
  #woken = false;
  #progress = Promise.withResolvers<void>();
  #ended: "stopped" | { readonly error: unknown } | undefined;

  constructor(options: FencedFollowerOptions) {
    const { log, kinds, from, clock, onInterrupted } = options;
    this.#options = options;
    this.#read = from;
    this.#interruption = new Interruption({ clock, onInterrupted });
    this.#reader = new CommitReader(log, {
      from,
      kinds,
      onAttached: () => this.#interruption.over(),
      onMessage: (tail) => this.#advance(tail),
    });
    options.signal.addEventListener("abort", () => this.#mailbox.close(), { once: true });
    void this.#pump();
  }

  /** All that is there, waiting for it; may be empty after `wake`, or when the signal was aborted. */
  async take(): Promise<Position[]> {
    for (;;) {
      const { promise } = this.#progress;
      const items = this.#mailbox.takeNow();
      if (items.length > 0 || this.#woken || this.#ended === "stopped") {
        this.#woken = false;
        return items;
      }
      if (this.#ended !== undefined) throw this.#ended.error;
      await promise;
    }
  }

  /** The `take` that waits, or else the next one, does not wait. */
  wake(): void {
    this.#woken = true;
    this.#progressed();
  }

  /**
   * Appends directly behind what was taken. `appended` is false when somebody else was first: fold the items,
   * decide again. The items are all that came up to the commit, itself included.
   */
  async append(commit: NewCommit): Promise<{ appended: boolean; items: Position[] }> {
    const waiting = this.#mailbox.takeNow();
    if (waiting.length > 0) return { appended: false, items: waiting };
    const outcome = await this.#options.writer.append(commit, this.#read);
    assert(outcome.outcome !== "tooLarge", `a ${commit.kind} below the limit of a commit`);
    const appended = outcome.outcome === "appended";
    const items = await this.takeUntil(appended ? outcome.tail.sequence : outcome.lastSequence);
    return { appended, items };
  }

  /** All that comes up to that message, which the log holds. Throws `translator.stopped` when aborted before. */
  async takeUntil(sequence: number): Promise<Position[]> {
    const items: Position[] = [];
    for (;;) {
      const { promise } = this.#progress;
      items.push(...this.#mailbox.takeNow());
      if (this.#read.sequence >= sequence) return items;
      if (this.#ended === "stopped") throw stoppedFailure();
      if (this.#ended !== undefined) throw this.#ended.error;
      await promise;
    }
  }

  #advance(tail: LogTail): void {
    this.#read = tail;
    this.#progressed();
  }

  #progressed(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers<void>();
  }

  async #pump(): Promise<void> {
    const { signal } = this.#options;
    try {
      while (!signal.aborted) await this.#readOn(signal);
      this.#ended = "stopped";
      this.#mailbox.close();
    } catch (error) {
      this.#ended = signal.aborted ? "stopped" : { error };
      if (signal.aborted) this.#mailbox.close();
      else this.#mailbox.fail(error);
    }
    this.#progress.resolve();
  }

  /** Reads until aborted, or until the log can be read again after something that stopped the reader. */
  async #readOn(signal: AbortSignal): Promise<void> {
    try {
      if (this.#reader.stoppedAt) await this.#reader.awaitSkip(signal);
      for await (const item of this.#reader.read({ signal })) {
        const commit = item.type === "commit" ? item.commit : undefined;
        await this.#mailbox.put({ commit, tail: item.tail });
      }
    } catch (error) {
      if (isInterruption(error)) await this.#interruption.pause(error, signal);
      else if (error instanceof Failure && error.code === "log.tooNew") this.#options.onStopped(error);
      else throw error;
    }
  }
}

export function stoppedFailure(): Failure {
  return new Failure("follow the log: the translator was stopped", {
    code: "translator.stopped",
    retryable: false,
  });
}
