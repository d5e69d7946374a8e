import { mkdirSync } from "node:fs";
import type { Commit, LogItem, LogName } from "@routeledger/event-log";
import { configProjection } from "./config-projection.ts";
import { type Cursor, cursorWriter, readCursor } from "./cursor.ts";
import { DeliveryProjection } from "./delivery-projection.ts";
import { openDeliveries, openLedger, type SqliteDatabase, translated } from "./open-database.ts";
import type { Queries, QueryName } from "./queries/queries.ts";
import { StoreReader } from "./store-reader.ts";
import { Watermark } from "./watermark.ts";
import { xdsProjection } from "./xds-projection.ts";

/**
 * The snapshot store: a projection of the three logs, and past their retention the archive. Every version of every
 * object, resource and status is in it. Delete its folder, and what the logs hold is rebuilt to the same content
 * (`contentDigest`).
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
  readonly #ledger: SqliteDatabase;
  readonly #delivery: SqliteDatabase;
  readonly #reader: StoreReader;
  readonly #writers: Readonly<Record<LogName, (items: readonly LogItem[], cursor: Cursor) => void>>;
  #closed = false;

  constructor(folder: string) {
    this.folder = folder;
    this.#ledger = openLedger(folder);
    this.#delivery = openDeliveries(folder);
    this.#reader = new StoreReader(folder);
    this.config = new Watermark(this.cursor("CONFIG")?.tail.sequence ?? 0);
    this.published = new Watermark(this.#publishedTo());
    this.deliveries = new Watermark(this.cursor("DELIVERY")?.tail.sequence ?? 0);
    const deliveries = new DeliveryProjection(this.#delivery);
    this.#writers = {
      CONFIG: projector(this.#ledger, "CONFIG", configProjection(this.#ledger)),
      XDS: projector(this.#ledger, "XDS", xdsProjection(this.#ledger)),
      DELIVERY: projector(this.#delivery, "DELIVERY", (commit) => deliveries.write(commit)),
    };
  }

  /** Where the store stands in a log; undefined before its first item. */
  cursor(log: LogName): Cursor | undefined {
    return readCursor(log === "DELIVERY" ? this.#delivery : this.#ledger, log);
  }

  /** Writes a batch of a log's items, and where it ends, in one durable transaction. @throws Failure `store.*` */
  write(log: LogName, items: readonly LogItem[], cursor: Cursor): void {
    if (items.length === 0) return;
    translated(`write revisions of ${log} to the store in ${this.folder}`, () =>
      this.#writers[log](items, cursor),
    );
    if (log === "CONFIG") this.config.advance(cursor.tail.sequence);
    if (log === "XDS") this.published.advance(this.#publishedTo());
    if (log === "DELIVERY") this.deliveries.advance(cursor.tail.sequence);
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
    this.#ledger.close();
    this.#delivery.close();
  }

  #publishedTo(): number {
    return this.#ledger
      .prepare("SELECT coalesce(max(config_to), 0) FROM publications")
      .pluck()
      .get() as number;
  }
}

/** Opens or makes the store in a folder. @throws Failure `store.*` */
export function openSnapshotStore({ folder }: { readonly folder: string }): SnapshotStore {
  translated(`make the store's folder ${folder}`, () => mkdirSync(folder, { recursive: true }));
  return new SnapshotStore(folder);
}

function projector(database: SqliteDatabase, log: LogName, project: (commit: Commit) => void) {
  const putCursor = cursorWriter(database);
  const putSkipped =
    log === "DELIVERY" ? undefined : database.prepare("INSERT INTO skipped VALUES (?, ?, ?)");
  return database.transaction((items: readonly LogItem[], cursor: Cursor) => {
    for (const item of items) {
      if (item.type === "commit") project(item.commit);
      else putSkipped?.run(log, item.sequence, item.reason);
    }
    putCursor(log, cursor);
  });
}
