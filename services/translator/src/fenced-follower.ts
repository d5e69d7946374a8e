import {
  type Commit,
  CommitReader,
  type CommitWriter,
  type EventLog,
  type LogTail,
  type NewCommit,
  type ReadableKinds,
} from "@routeledger/event-log";
import { assert, Failure, Mailbox } from "@routeledger/std";

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
}

/**
 * Follows a log that others write too, and appends to it behind all that was taken, so that whoever folds what it
 * takes decides on the state at the fence.
 */
export class FencedFollower {
  readonly #options: FencedFollowerOptions;
  readonly #reader: CommitReader;
  readonly #mailbox = new Mailbox<Position>(waitingMax);
  /** Behind the last message of which all items are in the mailbox or taken. */
  #read: LogTail;
  #progress = Promise.withResolvers<void>();
  #ended: "stopped" | { readonly error: unknown } | undefined;

  constructor(options: FencedFollowerOptions) {
    const { log, kinds, from } = options;
    this.#options = options;
    this.#read = from;
    this.#reader = new CommitReader(log, { from, kinds, onMessage: (tail) => this.#advance(tail) });
    void this.#pump();
  }

  /** All that is there, at least one; waits for it. Empty when the signal was aborted. */
  take(): Promise<Position[]> {
    return this.#mailbox.takeAll();
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
    const items = await this.#takeUntil(appended ? outcome.tail.sequence : outcome.lastSequence);
    return { appended, items };
  }

  async #takeUntil(sequence: number): Promise<Position[]> {
    const items: Position[] = [];
    for (;;) {
      const { promise } = this.#progress;
      items.push(...this.#mailbox.takeNow());
      if (this.#read.sequence >= sequence) return items;
      if (this.#ended === "stopped") throw stopped();
      if (this.#ended !== undefined) throw this.#ended.error;
      await promise;
    }
  }

  #advance(tail: LogTail): void {
    this.#read = tail;
    this.#progress.resolve();
    this.#progress = Promise.withResolvers<void>();
  }

  async #pump(): Promise<void> {
    const { signal, onStopped } = this.#options;
    try {
      while (!signal.aborted) {
        try {
          for await (const item of this.#reader.read({ signal })) {
            await this.#mailbox.put({
              commit: item.type === "commit" ? item.commit : undefined,
              tail: item.tail,
            });
          }
        } catch (error) {
          if (!(error instanceof Failure && error.code === "log.tooNew")) throw error;
          onStopped(error);
          await this.#reader.awaitSkip(signal);
        }
      }
      this.#ended = "stopped";
      this.#mailbox.close();
    } catch (error) {
      this.#ended = signal.aborted ? "stopped" : { error };
      if (signal.aborted) this.#mailbox.close();
      else this.#mailbox.fail(error);
    }
    this.#progress.resolve();
  }
}

function stopped(): Failure {
  return new Failure("follow the log: the translator was stopped", {
    code: "translator.stopped",
    retryable: false,
  });
}
