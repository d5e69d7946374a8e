import { type Clock, Failure, systemClock } from "@routeledger/std";
import type { LogItem, LogTail } from "./commit.ts";
import { CommitReader, type CommitReaderOptions } from "./commit-reader.ts";
import type { EventLog } from "./event-log-port.ts";
import { Interruption, isInterruption } from "./interruption.ts";

export interface LogFollowerOptions extends Omit<CommitReaderOptions, "onMessage" | "onAttached"> {
  /**
   * Gets what was read, in order, at least one item, as many as were there at once up to `batchItemsMax`; the
   * next batch comes when it has resolved. What it throws ends `run`.
   */
  readonly handle: (items: readonly LogItem[]) => Promise<void> | void;
  /** Default 256. */
  readonly batchItemsMax?: number;
  /** The log holds a commit that this version cannot read; the follower waits until an operator skips it. */
  readonly onStopped?: (failure: Failure) => void;
  /**
   * The log cannot be read now (`isInterruption`): the follower reads again by itself, after 0.05 s and at most 2 s
   * later each time. Called once an outage.
   */
  readonly onInterrupted?: (failure: Failure) => void;
  /** The log is there again, and it is the one that was read before. */
  readonly onResumed?: () => void;
  /** For the back-off. Default `systemClock`. */
  readonly clock?: Clock;
}

/** Default of `batchItemsMax`. */
export const batchItemsDefault = 256;
/** Bytes of payload after which a batch is closed. */
const batchBytesMax = 16 * 1024 * 1024;

/**
 * A service's loop over a log: hands batches of items to a handler and says how far it has come. When the log's
 * storage is out of reach it waits and reads again, for ever.
 */
export class LogFollower {
  readonly #reader: CommitReader;
  readonly #interruption: Interruption;
  readonly #options: LogFollowerOptions;
  readonly #waiting = new Set<{ readonly sequence: number; readonly resolve: () => void }>();
  #position: LogTail;
  /** The last message of which no item is still to be handed out. */
  #read: number;
  /** The last message that is done with: what `waitFor` compares. */
  #reached: number;
  /** A batch is being collected or handled. */
  #busy = false;
  #ended = false;
  #failed: unknown;

  constructor(log: EventLog, options: LogFollowerOptions) {
    const { from, kinds, chained, identity } = options;
    this.#options = options;
    const { clock = systemClock, onInterrupted, onResumed } = options;
    this.#interruption = new Interruption({
      clock,
      ...(onInterrupted && { onInterrupted }),
      ...(onResumed && { onResumed }),
    });
    this.#reader = new CommitReader(log, {
      from,
      kinds,
      ...(chained !== undefined && { chained }),
      ...(identity !== undefined && { identity }),
      onAttached: () => this.#interruption.over(),
      onMessage: ({ sequence }) => {
        this.#read = sequence;
        if (!this.#busy) this.#advance(sequence);
      },
    });
    this.#position = this.#reader.resumeFrom;
    this.#read = this.#position.sequence;
    this.#reached = this.#read;
  }

  /** After the last item that was handled: another follower goes on from here. */
  get position(): LogTail {
    return this.#position;
  }

  /** After the last message that was read: what a writer goes on from whose handler has seen all items before it. */
  get tail(): LogTail {
    return this.#reader.tail;
  }

  /** `LogInfo.identity` of the log that is followed: what a cursor remembers; undefined before it was first read. */
  get identity(): string | undefined {
    return this.#reader.identity;
  }

  /**
   * Follows until `signal` is aborted, or until `until` is handled. Throws what the handler throws, and what the
   * reader throws but interruptions.
   */
  async run({ until, signal }: { readonly until?: number; readonly signal: AbortSignal }): Promise<void> {
    const handlerFailed = new AbortController();
    const ended = AbortSignal.any([signal, handlerFailed.signal]);
    this.#ended = false;
    try {
      while (!(await this.#follow(until, ended)));
    } catch (error) {
      this.#failed = error;
      throw error;
    } finally {
      handlerFailed.abort();
      this.#ended = true;
      for (const { resolve } of this.#waiting) resolve();
      this.#waiting.clear();
    }
  }

  /**
   * Resolves to true when all messages up to `sequence` are done with, chunks of a commit that nobody finished
   * included; to false when `run` ended before. Throws what `run` threw.
   */
  async waitFor(sequence: number): Promise<boolean> {
    if (this.#reached < sequence && !this.#ended) {
      await new Promise<void>((resolve) => this.#waiting.add({ sequence, resolve }));
    }
    if (this.#reached >= sequence) return true;
    if (this.#failed !== undefined) throw this.#failed;
    return false;
  }

  /** Returns false when there is more to be read: an operator skipped what stopped it, or the log is to be tried again. */
  async #follow(until: number | undefined, signal: AbortSignal): Promise<boolean> {
    const items = this.#reader.read({ ...(until !== undefined && { until }), signal });
    const { batchItemsMax = batchItemsDefault, handle } = this.#options;
    let handling = false;
    try {
      let next = items.next();
      for (let first = await next; !first.done; first = await next) {
        this.#busy = true;
        const batch = [first.value];
        let bytes = payloadBytes(first.value);
        next = items.next();
        while (batch.length < batchItemsMax && bytes < batchBytesMax) {
          const more = await settledSoon(next);
          if (!more || more.done) break;
          batch.push(more.value);
          bytes += payloadBytes(more.value);
          next = items.next();
        }
        // What `next` throws while the batch is handled is thrown again by the loop's own await.
        next.catch(() => {});
        handling = true;
        await handle(batch);
        handling = false;
        this.#position = batch.at(-1)!.tail;
        this.#busy = false;
        this.#advance(Math.max(this.#read, this.#position.sequence));
      }
      return true;
    } catch (error) {
      if (handling) throw error;
      return await this.#goOnAfter(error, signal);
    }
  }

  /** Returns true when aborted. Throws what a follower cannot go on after. */
  async #goOnAfter(error: unknown, signal: AbortSignal): Promise<boolean> {
    if (isInterruption(error)) {
      await this.#interruption.pause(error, signal);
      return signal.aborted;
    }
    if (!(error instanceof Failure && error.code === "log.tooNew")) throw error;
    this.#options.onStopped?.(error);
    try {
      await this.#reader.awaitSkip(signal);
      return signal.aborted;
    } catch (waiting) {
      return await this.#goOnAfter(waiting, signal);
    }
  }

  #advance(sequence: number): void {
    this.#reached = Math.max(this.#reached, sequence);
    for (const waiter of this.#waiting) {
      if (waiter.sequence > this.#reached) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }
}

function payloadBytes(item: LogItem): number {
  return item.type === "commit" ? item.commit.payload.length : 0;
}

/** The promise's value when it is there before the event loop turns; undefined when it is not, or rejects. */
function settledSoon<T>(promise: Promise<T>): Promise<T | undefined> {
  const turn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
  return Promise.race([promise.catch(() => undefined), turn]);
}
