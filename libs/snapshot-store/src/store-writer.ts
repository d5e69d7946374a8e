import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Commit, emptyTail, type LogName } from "@routeledger/event-log";
import type { Revision } from "@routeledger/std";
import { configBeginning } from "./begin-config.ts";
import { xdsBeginning } from "./begin-xds.ts";
import type { Began, Beginning, DeliveryBeginning } from "./beginning.ts";
import { configProjection } from "./config-projection.ts";
import { type Cursor, cursorWriter, readCursor } from "./cursor.ts";
import { DeliveryProjection } from "./delivery-projection.ts";
import { missingWriter } from "./missing-ranges.ts";
import { openDeliveries, openLedger, type SqliteDatabase, translated } from "./open-database.ts";
import { publishedTo } from "./queries/published-to.ts";
import { type StoreRecord, storeRecord } from "./store-record.ts";
import type { WrittenItem } from "./writer-calls.ts";
import { PublishedAnew, xdsProjection } from "./xds-projection.ts";

/** How far a store is. */
export interface StorePosition {
  /** Where it stands in each log; undefined before its first item. */
  readonly cursors: Readonly<Record<LogName, Cursor | undefined>>;
  /** The last CONFIG sequence of which it holds what it became. */
  readonly publishedTo: number;
  readonly record: StoreRecord;
}

/** The one writer of a store's folder. Every method is one durable transaction. @throws Failure `store.*` */
export class StoreWriter {
  readonly #folder: string;
  readonly #ledger: SqliteDatabase;
  readonly #delivery: SqliteDatabase;
  readonly #record: ReturnType<typeof storeRecord>;
  readonly #write: Readonly<Record<LogName, (items: readonly WrittenItem[], cursor: Cursor) => void>>;
  readonly #begin: (beginning: Beginning) => Began;

  constructor(folder: string) {
    this.#folder = folder;
    this.#ledger = openLedger(folder);
    this.#delivery = openDeliveries(folder);
    this.#record = storeRecord(this.#ledger);
    const deliveries = new DeliveryProjection(this.#delivery);
    this.#write = {
      CONFIG: this.#projector(this.#ledger, "CONFIG", configProjection(this.#ledger)),
      XDS: this.#projector(this.#ledger, "XDS", xdsProjection(this.#ledger)),
      DELIVERY: this.#projector(this.#delivery, "DELIVERY", (commit) => deliveries.write(commit)),
    };
    this.#begin = this.#beginner();
  }

  /** Where the store stands in a log; undefined before its first item. */
  cursor(log: LogName): Cursor | undefined {
    return readCursor(log === "DELIVERY" ? this.#delivery : this.#ledger, log);
  }

  /** The last CONFIG sequence of which the store holds what it became. */
  get publishedTo(): number {
    return publishedTo(this.#ledger);
  }

  get position(): StorePosition {
    return {
      cursors: {
        CONFIG: this.cursor("CONFIG"),
        XDS: this.cursor("XDS"),
        DELIVERY: this.cursor("DELIVERY"),
      },
      publishedTo: this.publishedTo,
      record: this.#record.read(),
    };
  }

  write(log: LogName, items: readonly WrittenItem[], cursor: Cursor): void {
    if (items.length === 0) return;
    translated(`write revisions of ${log} to the store in ${this.#folder}`, () => {
      try {
        this.#write[log](items, cursor);
      } catch (error) {
        if (!(error instanceof PublishedAnew)) throw error;
        if (this.#holdsLostEvents(error.from)) this.#keepAside();
        error.allow();
        this.#write[log](items, cursor);
      }
    });
  }

  /** Puts a state that was read from the log's last Catalog in the place of what lies between; see `Beginning`. */
  begin(beginning: Beginning): Began {
    return translated(`begin again in ${beginning.log} with the store in ${this.#folder}`, () => {
      const keptAside = beginning.log !== "DELIVERY" && beginning.anew ? this.#keepAside() : undefined;
      return { ...this.#begin(beginning), ...(keptAside !== undefined && { keptAside }) };
    });
  }

  /** Whether CONFIG's events of before a loss are still in the store: then it was not read anew since. */
  #holdsLostEvents(from: Revision): boolean {
    const { epoch, sequence } = this.cursor("CONFIG")?.tail ?? emptyTail;
    return epoch < from.epoch && sequence >= from.sequence;
  }

  /** Copies the ledger, which holds what no log has any more, to a file beside it; its name says up to where. */
  #keepAside(): string {
    const { epoch, sequence } = this.cursor("CONFIG")?.tail ?? emptyTail;
    const path = join(this.#folder, `ledger-until-${epoch}.${sequence}.db`);
    if (!existsSync(path)) this.#ledger.prepare("VACUUM INTO ?").run(path);
    return path;
  }

  /** The log's storage knows that this store holds both logs up to these Catalogs. */
  putConfirmed(catalogs: { readonly config: number; readonly xds: number }): void {
    translated(`write to the store in ${this.#folder}`, () => this.#record.putConfirmed(catalogs));
  }

  close(): void {
    this.#ledger.close();
    this.#delivery.close();
  }

  #projector(database: SqliteDatabase, log: LogName, project: (commit: Omit<Commit, "hash">) => void) {
    const putCursor = cursorWriter(database);
    const putSkipped =
      log === "DELIVERY" ? undefined : database.prepare("INSERT INTO skipped VALUES (?, ?, ?)");
    return database.transaction((items: readonly WrittenItem[], cursor: Cursor) => {
      for (const item of items) {
        if (item.type === "skipped") {
          putSkipped?.run(log, item.sequence, item.reason);
          continue;
        }
        project(item.commit);
        if (item.commit.kind === "Catalog" && log !== "DELIVERY") {
          this.#record.putCatalog(log, item.commit.revision.sequence);
        }
      }
      putCursor(log, cursor);
    });
  }

  #beginner(): (beginning: Beginning) => Began {
    const putCursor = cursorWriter(this.#ledger);
    const beginConfig = configBeginning(this.#ledger);
    const beginXds = xdsBeginning(this.#ledger);
    const beginDelivery = deliveryBeginning(this.#delivery);
    const beginLedger = this.#ledger.transaction(
      (beginning: Exclude<Beginning, DeliveryBeginning>): Began => {
        const began =
          beginning.log === "CONFIG"
            ? beginConfig(beginning, this.cursor("CONFIG")?.tail.sequence ?? 0)
            : beginXds(beginning, this.publishedTo);
        this.#record.forgetCatalogs(beginning.log);
        putCursor(beginning.log, beginning);
        return began;
      },
    );
    return (beginning) => (beginning.log === "DELIVERY" ? beginDelivery(beginning) : beginLedger(beginning));
  }
}

/** What was discarded before this store read it is said to be missing; edges' counters say how many records. */
function deliveryBeginning(database: SqliteDatabase): (beginning: DeliveryBeginning) => Began {
  const missing = missingWriter(database);
  const putCursor = cursorWriter(database);
  return database.transaction(({ identity, firstSequence }: DeliveryBeginning): Began => {
    const from = (readCursor(database, "DELIVERY")?.tail.sequence ?? 0) + 1;
    missing.put("DELIVERY", { from, until: firstSequence, untilEpoch: 0 });
    putCursor("DELIVERY", { identity, tail: { ...emptyTail, sequence: firstSequence - 1 } });
    return {
      missing: from < firstSequence ? { from, to: firstSequence - 1 } : undefined,
      at: firstSequence,
    };
  });
}
