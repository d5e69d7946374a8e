import { mkdirSync } from "node:fs";
import type { LogItem, LogName } from "@routeledger/event-log";
import type { Began, Beginning } from "./beginning.ts";
import type { Cursor } from "./cursor.ts";
import { translated } from "./open-database.ts";
import type { Queries, QueryName } from "./queries/queries.ts";
import { StoreReader } from "./store-reader.ts";
import type { StoreRecord } from "./store-record.ts";
import { StoreWriter } from "./store-writer.ts";
import { Watermark } from "./watermark.ts";

/**
 * The snapshot store: a projection of the three logs, and past their retention the archive. Every version of every
 * object, resource and status is in it. Delete its folder, and what the logs hold is rebuilt to the same content
 * (`contentDigest`): all of it, or where a log's beginning is purged, what follows the last checkpoints.
 *
 * `ledger.db` takes about the size of all distinct objects and parts, compressed, plus 100 to 200 bytes a change.
 * `deliveries.db` is bounded. A crash loses nothing: cursors are written with what they cover, and the logs are
 * read again from there.
 *
 * One writer, in this thread; readers run in a worker and never block it.
 */
export class SnapshotStore {
  readonly folder: string;
  /** The last CONFIG sequence that the store holds. */
  readonly config: Watermark;
  /** The last CONFIG sequence of which the store holds what it became. */
  readonly published: Watermark;
  /** The last DELIVERY sequence that the store holds. */
  readonly deliveries: Watermark;
  readonly #writer: StoreWriter;
  readonly #reader: StoreReader;
  #closed = false;

  constructor(folder: string) {
    this.folder = folder;
    this.#writer = new StoreWriter(folder);
    this.#reader = new StoreReader(folder);
    this.config = new Watermark(this.cursor("CONFIG")?.tail.sequence ?? 0);
    this.published = new Watermark(this.#writer.publishedTo);
    this.deliveries = new Watermark(this.cursor("DELIVERY")?.tail.sequence ?? 0);
  }

  /** Where the store stands in a log; undefined before its first item. */
  cursor(log: LogName): Cursor | undefined {
    return this.#writer.cursor(log);
  }

  /** Its id, and which Catalogs it has projected and confirmed. */
  get record(): StoreRecord {
    return this.#writer.record;
  }

  /** Writes a batch of a log's items, and where it ends, in one durable transaction. @throws Failure `store.*` */
  async write(log: LogName, items: readonly LogItem[], cursor: Cursor): Promise<void> {
    this.#writer.write(log, items, cursor);
    if (log === "CONFIG") this.config.advance(cursor.tail.sequence);
    if (log === "XDS") this.published.advance(this.#writer.publishedTo);
    if (log === "DELIVERY") this.deliveries.advance(cursor.tail.sequence);
  }

  /**
   * Begins again in a log: with the state of its last Catalog in the place of what lies between that and what the
   * store holds. Queries for moments in between say that they are missing. @throws Failure `store.*`
   */
  async begin(beginning: Beginning): Promise<Began> {
    const began = this.#writer.begin(beginning);
    this.config.reset(this.cursor("CONFIG")?.tail.sequence ?? 0);
    this.published.reset(this.#writer.publishedTo);
    this.deliveries.reset(this.cursor("DELIVERY")?.tail.sequence ?? 0);
    return began;
  }

  /** These Catalogs need not be confirmed again. @throws Failure `store.*` */
  async putConfirmed(catalogs: { readonly config: number; readonly xds: number }): Promise<void> {
    this.#writer.putConfirmed(catalogs);
  }

  /** Asks the reader. @throws Failure `store.*`; also what the query says it throws, by code */
  query<Name extends QueryName>(name: Name, args: Queries[Name]["args"]): Promise<Queries[Name]["result"]> {
    return this.#reader.query(name, args);
  }

  /** Idempotent. Queries under way fail. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reader.close();
    this.#writer.close();
  }
}

/** Opens or makes the store in a folder. @throws Failure `store.*` */
export function openSnapshotStore({ folder }: { readonly folder: string }): SnapshotStore {
  translated(`make the store's folder ${folder}`, () => mkdirSync(folder, { recursive: true }));
  return new SnapshotStore(folder);
}
