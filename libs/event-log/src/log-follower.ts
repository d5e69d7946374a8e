import { Failure } from "@routeledger/std";
import type { LogItem, LogTail } from "./commit.ts";
import { CommitReader, type CommitReaderOptions } from "./commit-reader.ts";
import type { EventLog } from "./event-log-port.ts";

export interface LogFollowerOptions extends Omit<CommitReaderOptions, "onMessage"> {
  /**
   * Gets what was read, in order, at least one item, as many as were there at once up to `batchItemsMax`; the
   * next batch comes when it has resolved. What it throws ends `run`.
   */
  readonly handle: (items: readonly LogItem[]) => Promise<void> | void;
  /** Default 256. */
  readonly batchItemsMax?: number;
  /** The log holds a commit that this version cannot read; the follower waits until an operator skips it. */
  readonly onStopped?: (failure: Failure) => void;
}

/** Default of `batchItemsMax`. */
export const batchItemsDefault = 256;
/** Bytes of payload after which a batch is closed. */
const batchBytesMax = 16 * 1024 * 1024;

/** A service's loop over a log: hands batches of items to a handler and says how far it has come. */
export class LogFollower {
  readonly #reader: CommitReader;
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
    this.#reader = new CommitReader(log, {
      from,
      kinds,
      ...(chained !== undefined && { chained }),
      ...(identity !== undefined && { identity }),
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

  /** Follows until `signal` is aborted, or until `until` is handled. Throws what the reader or the handler throws. */
  async run({ until, signal }: { readonly until?: number; readonly signal: AbortSignal }): Promise<void> {
    const handlerFailed = new AbortController();
    const ended = AbortSignal.any([signal, handlerFailed.signal]);
    this.#ended = false;
    try {
      while (!(await this.#follow(until, ended))) await this.#reader.awaitSkip(ended);
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

  /** Returns false when it stopped at what this version cannot read. */
  async #follow(until: number | undefined, signal: AbortSignal): Promise<boolean> {
    const items = this.#reader.read({ ...(until !== undefined && { until }), signal });
    const { batchItemsMax = batchItemsDefault, handle, onStopped } = this.#options;
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
        await handle(batch);
        this.#position = batch.at(-1)!.tail;
        this.#busy = false;
        this.#advance(Math.max(this.#read, this.#position.sequence));
      }
      return true;
    } catch (error) {
      if (!(error instanceof Failure && error.code === "log.tooNew")) throw error;
      onStopped?.(error);
      return signal.aborted;
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
