import type { Queries, QueryName } from "./queries/queries.ts";
import { ThreadCalls } from "./thread-calls.ts";

/** Questions that may wait at once; more are refused with Failure `store.busy`. */
const waitingMax = 10_000;

/** The reader's thread seen from outside. Questions are answered in order, each from one consistent state. */
export class StoreReader {
  readonly #calls: ThreadCalls;

  constructor(folder: string) {
    this.#calls = new ThreadCalls({
      what: "the store's reader",
      code: "store.reader",
      module: new URL("./reader-thread.ts", import.meta.url),
      workerData: { folder },
      waitingMax,
    });
  }

  query<Name extends QueryName>(name: Name, args: Queries[Name]["args"]): Promise<Queries[Name]["result"]> {
    return this.#calls.call(name, args) as Promise<Queries[Name]["result"]>;
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#calls.terminate();
  }
}
