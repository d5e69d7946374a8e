import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { assert, Failure } from "@routeledger/std";
import Database from "better-sqlite3";
import { deliveryFormat, deliverySchema } from "./delivery-schema.ts";
import { ledgerFormat, ledgerIndexes, ledgerSchema, rebuildableFormat } from "./ledger-schema.ts";

export type SqliteDatabase = Database.Database;

export const ledgerFile = "ledger.db";
export const deliveriesFile = "deliveries.db";

/**
 * Opens `ledger.db` for writing. A file of a format that is old enough for the logs to hold all that it held is
 * deleted. @throws Failure `store.format` for any other format: it may hold what no log holds any more
 */
export function openLedger(folder: string): SqliteDatabase {
  const database = openForWriting(join(folder, ledgerFile), {
    format: ledgerFormat,
    rebuildable: (found) => found <= rebuildableFormat,
    schema: ledgerSchema,
    synchronous: "FULL",
  });
  translated(`index ${join(folder, ledgerFile)}`, () => database.exec(ledgerIndexes));
  const isNew = database.prepare("SELECT count(*) FROM store").pluck().get() === 0;
  if (isNew)
    database.prepare("INSERT INTO store VALUES (?, 0, 0, 0, 0)").run(randomBytes(16).toString("hex"));
  return database;
}

/** Opens `deliveries.db` for writing. A crash of the machine may take its last records: it is lossy by contract. */
export function openDeliveries(folder: string): SqliteDatabase {
  return openForWriting(join(folder, deliveriesFile), {
    format: deliveryFormat,
    rebuildable: () => true,
    schema: deliverySchema,
    synchronous: "NORMAL",
  });
}

/** One read-only handle on both; the deliveries' tables are in the schema `delivery`. */
export function openForReading(folder: string): SqliteDatabase {
  return translated(`open the store in ${folder} for reading`, () => {
    const database = new Database(join(folder, ledgerFile), { readonly: true, timeout: busyTimeoutMs });
    database.pragma("query_only = ON");
    database.prepare("ATTACH DATABASE ? AS delivery").run(join(folder, deliveriesFile));
    return database;
  });
}

/** How long a statement waits for another process's lock. */
const busyTimeoutMs = 5_000;

interface FileFormat {
  readonly format: number;
  /** Whether a file of another format is deleted. */
  readonly rebuildable: (format: number) => boolean;
  readonly schema: string;
  readonly synchronous: "FULL" | "NORMAL";
}

function openForWriting(
  path: string,
  { format, rebuildable, schema, synchronous }: FileFormat,
): SqliteDatabase {
  const major = Number(process.versions.node.split(".")[0]);
  assert(major >= 24, `Node 24 or newer for the SQLite addon, got ${process.versions.node}`);
  return translated(`open ${path}`, () => {
    let database = new Database(path, { timeout: busyTimeoutMs });
    const found = database.pragma("user_version", { simple: true });
    if (found !== 0 && found !== format) {
      database.close();
      if (!rebuildable(Number(found))) throw otherFormat(path, Number(found), format);
      for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) rmSync(file);
      database = new Database(path, { timeout: busyTimeoutMs });
    }
    database.pragma("journal_mode = WAL");
    database.pragma(`synchronous = ${synchronous}`);
    if (database.pragma("user_version", { simple: true }) === 0) {
      database.transaction(() => {
        database.exec(schema);
        database.pragma(`user_version = ${format}`);
      })();
    }
    return database;
  });
}

function otherFormat(path: string, found: number, format: number): Failure {
  return new Failure(`open ${path}: it is of format ${found}, this version reads ${format}`, {
    code: "store.format",
    retryable: false,
    hint: "run the version that wrote it, or move the file away: what the logs still hold is rebuilt",
  });
}

/** Runs `work`; what SQLite or the file system throws becomes a Failure. */
export function translated<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (!code.startsWith("SQLITE_") && !/^E[A-Z]+$/.test(code)) throw cause;
    throw new Failure(`${what}: ${(cause as Error).message}`, {
      code: code === "SQLITE_FULL" || code === "ENOSPC" ? "store.full" : "store.failed",
      retryable: code === "SQLITE_BUSY" || code === "SQLITE_FULL",
      hint:
        code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB"
          ? "delete the store's folder: it is rebuilt from the logs"
          : "is there space left, and may this user write there?",
      cause,
    });
  }
}
