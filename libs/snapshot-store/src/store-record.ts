import type { SqliteDatabase } from "./open-database.ts";

/** What the store knows of itself. */
export interface StoreRecord {
  /** 32 hexadecimal digits, random, made with the folder. */
  readonly storeId: string;
  /** By log: the sequence of the last Catalog that the store has projected, and that of the last that was confirmed. */
  readonly config: CatalogRecord;
  readonly xds: CatalogRecord;
}

export interface CatalogRecord {
  /** 0: none. */
  readonly catalog: number;
  readonly confirmed: number;
}

/** Reads and writes the one row of `store`. Writes are called inside a transaction, or are one. */
export function storeRecord(database: SqliteDatabase): {
  read(): StoreRecord;
  putCatalog(log: "CONFIG" | "XDS", sequence: number): void;
  /** The log's past may be another now. */
  forgetCatalogs(log: "CONFIG" | "XDS"): void;
  putConfirmed(catalogs: { readonly config: number; readonly xds: number }): void;
} {
  const find = database.prepare<[], Row>("SELECT * FROM store");
  const update = (columns: string) => database.prepare(`UPDATE store SET ${columns}`);
  const catalog = { CONFIG: update("config_catalog = ?"), XDS: update("xds_catalog = ?") };
  const forget = {
    CONFIG: update("config_catalog = 0, config_confirmed = 0"),
    XDS: update("xds_catalog = 0, xds_confirmed = 0"),
  };
  const confirmed = update("config_confirmed = ?, xds_confirmed = ?");
  return {
    read() {
      const row = find.get()!;
      return {
        storeId: row.id,
        config: { catalog: row.config_catalog, confirmed: row.config_confirmed },
        xds: { catalog: row.xds_catalog, confirmed: row.xds_confirmed },
      };
    },
    putCatalog: (log, sequence) => void catalog[log].run(sequence),
    forgetCatalogs: (log) => void forget[log].run(),
    putConfirmed: ({ config, xds }) => void confirmed.run(config, xds),
  };
}

interface Row {
  readonly id: string;
  readonly config_catalog: number;
  readonly xds_catalog: number;
  readonly config_confirmed: number;
  readonly xds_confirmed: number;
}
