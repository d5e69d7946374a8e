import { Worker } from "node:worker_threads";
import { Failure } from "@routeledger/std";
import type { Queries, QueryName } from "./queries/queries.ts";

/** A question to the reader's thread. */
export interface QueryRequest {
  readonly id: number;
  readonly name: QueryName;
  readonly args: unknown;
}

export type QueryReply =
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
    };

/** Questions that may wait at once; more are refused with Failure `store.busy`. */
const waitingMax = 10_000;

/** The reader's thread seen from outside. Questions are answered in order, each from one consistent state. */
export class StoreReader {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #ended: Failure | undefined;

  constructor(folder: string) {
    this.#worker = new Worker(new URL("./reader-thread.ts", import.meta.url), { workerData: { folder } });
    this.#worker.unref();
    this.#worker.on("message", (reply: QueryReply) => this.#settle(reply));
    this.#worker.on("error", (cause) => this.#end(readerFailure("the store's reader failed", cause)));
    this.#worker.on("exit", () => this.#end(readerFailure("the store's reader has ended")));
  }

  query<Name extends QueryName>(name: Name, args: Queries[Name]["args"]): Promise<Queries[Name]["result"]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting.size >= waitingMax) {
      const failure = new Failure(`query the store: ${waitingMax} questions are waiting`, {
        code: "store.busy",
        retryable: true,
      });
      return Promise.reject(failure);
    }
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#worker.ref();
    this.#worker.postMessage({ id, name, args } satisfies QueryRequest);
    return waiting.promise as Promise<Queries[Name]["result"]>;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#end(readerFailure("the store was closed"));
    await this.#worker.terminate();
  }

  #settle(reply: QueryReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("result" in reply) waiting?.resolve(reply.result);
    else waiting?.reject(new Failure(reply.error.message, { ...reply.error, retryable: false }));
  }

  #end(failure: Failure): void {
    this.#ended ??= failure;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
  }
}

function readerFailure(message: string, cause?: unknown): Failure {
  return new Failure(message, { code: "store.reader", retryable: false, cause });
}
