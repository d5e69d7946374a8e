import { Worker } from "node:worker_threads";
import { Failure } from "@routeledger/std";

/** A call to a thread. */
export interface ThreadCall {
  readonly id: number;
  readonly name: string;
  readonly args: unknown;
}

/** What a thread says first: it has loaded what it needs. */
export const threadLoaded = "loaded";

export type ThreadReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ThreadError };

/** A Failure on its way between threads. */
export interface ThreadError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly hint?: string;
}

export interface ThreadOptions {
  /** For people: "the store's reader". */
  readonly what: string;
  /** Of the Failure when the thread has ended or failed. */
  readonly code: string;
  readonly module: URL;
  readonly workerData: unknown;
  /** Calls that may wait at once; more are refused with Failure `store.busy`. */
  readonly waitingMax: number;
}

/** A thread seen from outside: calls are answered in order. It does not keep the process alive but while one waits. */
export class ThreadCalls {
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  /** Or it has ended before. */
  readonly #loaded = Promise.withResolvers<void>();
  #lastId = 0;
  #ended: Failure | undefined;

  constructor(options: ThreadOptions) {
    const { what, module, workerData } = options;
    this.#options = options;
    this.#worker = new Worker(module, { workerData });
    this.#worker.unref();
    this.#worker.on("message", (reply: ThreadReply | typeof threadLoaded) => {
      if (reply === threadLoaded) this.#loaded.resolve();
      else this.#settle(reply);
    });
    this.#worker.on("error", (cause) => this.#end(this.#failure(`${what} failed`, cause)));
    this.#worker.on("exit", () => {
      this.#loaded.resolve();
      this.#end(this.#failure(`${what} has ended`));
    });
  }

  /**
   * Calls by name. `transfer`: buffers that `args` gives away.
   * @throws Failure of the thread; `store.busy`; the options' code when the thread has ended
   */
  call(name: string, args: unknown, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const { what, waitingMax } = this.#options;
    if (this.#waiting.size >= waitingMax) {
      const message = `call ${what}: ${waitingMax} calls are waiting`;
      return Promise.reject(new Failure(message, { code: "store.busy", retryable: true }));
    }
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#worker.ref();
    this.#worker.postMessage({ id, name, args } satisfies ThreadCall, transfer);
    return waiting.promise;
  }

  /** Ends the thread, whatever it does once it has loaded; calls that wait fail. Idempotent. */
  async terminate(): Promise<void> {
    this.#end(this.#failure("the store was closed"));
    // A thread that is ended while it loads the addon takes the whole process with it, by a signal.
    this.#worker.ref();
    await this.#loaded.promise;
    await this.#worker.terminate();
  }

  #settle(reply: ThreadReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("result" in reply) waiting?.resolve(reply.result);
    else waiting?.reject(new Failure(reply.error.message, reply.error));
  }

  #failure(message: string, cause?: unknown): Failure {
    return new Failure(message, { code: this.#options.code, retryable: false, cause });
  }

  #end(failure: Failure): void {
    this.#ended ??= failure;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}
