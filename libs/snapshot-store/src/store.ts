import { mkdirSync } from "node:fs";
import type { LogItem, LogName } from "@routeledger/event-log";
import { Failure } from "@routeledger/std";
import type { Began, Beginning } from "./beginning.ts";
import type { Cursor } from "./cursor.ts";
import { translated } from "./open-database.ts";
import type { Queries, QueryName } from "./queries/queries.ts";
import { StoreReader } from "./store-reader.ts";
import type { StoreRecord } from "./store-record.ts";
import { type StorePosition, StoreWriter } from "./store-writer.ts";
import { ThreadCalls } from "./thread-calls.ts";
import { Watermark } from "./watermark.ts";
import { packItems, type WriterCalls } from "./writer-calls.ts";

/**
 * The snapshot store: a projection of the three logs, and past their retention the archive. Every version of every
 * object, resource and status is in it. Delete its folder, and what the logs hold is rebuilt to the same content
 * (`contentDigest`): all of it, or where a log's beginning is purged, what follows the last checkpoints.
 *
 * `ledger.db` takes about the size of all distinct objects and parts, compressed, plus 100 to 200 bytes a change.
 * `deliveries.db` is bounded. A crash loses nothing: cursors are written with what they cover, and the logs are
 * read again from there.
 *
 * One writer and one reader, each in a thread of its own: neither blocks the other, nor this one.
 */
export class SnapshotStore {
  readonly folder: string;
  /** The last CONFIG sequence that the store holds. */
  readonly config: Watermark;
  /** The last CONFIG sequence of which the store holds what it became. */
  readonly published: Watermark;
  /** The last DELIVERY sequence that the store holds. */
  readonly deliveries: Watermark;
  readonly #writer: ThreadCalls;
  readonly #reader: StoreReader;
  #position: StorePosition;
  #closed: Promise<void> | undefined;

  constructor(folder: string, position: StorePosition) {
    this.folder = folder;
    this.#position = position;
    this.#writer = new ThreadCalls({
      what: "the store's writer",
      code: writerEnded,
      module: new URL("./writer-thread.ts", import.meta.url),
      workerData: { folder },
      waitingMax: callsMax,
    });
    this.#reader = new StoreReader(folder);
    const { cursors, publishedTo } = position;
    this.config = new Watermark(cursors.CONFIG?.tail.sequence ?? 0);
    this.published = new Watermark(publishedTo);
    this.deliveries = new Watermark(cursors.DELIVERY?.tail.sequence ?? 0);
  }

  /** Where the store stands in a log; undefined before its first item. */
  cursor(log: LogName): Cursor | undefined {
    return this.#position.cursors[log];
  }

  /** Its id, and which Catalogs it has projected and confirmed. */
  get record(): StoreRecord {
    return this.#position.record;
  }

  /** Writes a batch of a log's items, and where it ends, in one durable transaction. @throws Failure `store.*` */
  async write(log: LogName, items: readonly LogItem[], cursor: Cursor): Promise<void> {
    const packed = packItems(items);
    const position = await this.#call("write", { log, items: packed.items, cursor }, packed.transfer);
    this.#position = position;
    if (log === "CONFIG") this.config.advance(cursor.tail.sequence);
    if (log === "XDS") this.published.advance(position.publishedTo);
    if (log === "DELIVERY") this.deliveries.advance(cursor.tail.sequence);
  }

  /**
   * Begins again in a log: with the state of its last Catalog in the place of what lies between that and what the
   * store holds. Queries for moments in between say that they are missing. @throws Failure `store.*`
   */
  async begin(beginning: Beginning): Promise<Began> {
    const { began, position } = await this.#call("begin", beginning);
    this.#position = position;
    this.config.reset(position.cursors.CONFIG?.tail.sequence ?? 0);
    this.published.reset(position.publishedTo);
    this.deliveries.reset(position.cursors.DELIVERY?.tail.sequence ?? 0);
    return began;
  }

  /** These Catalogs need not be confirmed again. @throws Failure `store.*` */
  async putConfirmed(catalogs: { readonly config: number; readonly xds: number }): Promise<void> {
    this.#position = await this.#call("putConfirmed", catalogs);
  }

  /** Asks the reader. @throws Failure `store.*`; also what the query says it throws, by code */
  query<Name extends QueryName>(name: Name, args: Queries[Name]["args"]): Promise<Queries[Name]["result"]> {
    return this.#reader.query(name, args);
  }

  /** Idempotent. What is being written is written; queries under way fail. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#reader.close();
    try {
      await this.#call("close", undefined);
    } catch (error) {
      // A writer that has failed said so to whoever wrote.
      if (!(error instanceof Failure && error.code === writerEnded)) throw error;
    } finally {
      await this.#writer.terminate();
    }
  }

  #call<Name extends keyof WriterCalls>(
    name: Name,
    args: WriterCalls[Name]["args"],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<WriterCalls[Name]["result"]> {
    return this.#writer.call(name, args, transfer) as Promise<WriterCalls[Name]["result"]>;
  }
}

const writerEnded = "store.writer";
/** Batches that may wait for the writer at once: each log's follower waits for its own. */
const callsMax = 16;

/** Opens or makes the store in a folder. @throws Failure `store.*` */
export function openSnapshotStore({ folder }: { readonly folder: string }): SnapshotStore {
  translated(`make the store's folder ${folder}`, () => mkdirSync(folder, { recursive: true }));
  // Made, and refused, before the threads begin.
  const writer = new StoreWriter(folder);
  const { position } = writer;
  writer.close();
  return new SnapshotStore(folder, position);
}
