import { randomBytes } from "node:crypto";
import { Failure, toHex } from "@routeledger/std";
import type Database from "better-sqlite3";

/** Of the tables below; raised when they change. */
const storageVersion = "1";
/** Bytes to which the write-ahead log is cut back after a long commit. */
const walBytesMax = 64 * 1024 * 1024;

/**
 * Takes a database for this process alone, until it is closed or the process dies, and makes its tables where it
 * has none. The lock is the kernel's, so nothing of it outlives a kill -9.
 *
 * @throws SqliteError SQLITE_BUSY when another process has it; Failure `log.storageTooNew`
 */
export function prepareDatabase(database: Database.Database): void {
  database.pragma("locking_mode = EXCLUSIVE");
  database.pragma("journal_mode = WAL");
  // Also for DELIVERY: a log that a power cut had shortened would stop every reader that had read further.
  database.pragma("synchronous = FULL");
  database.pragma(`journal_size_limit = ${walBytesMax}`);
  database
    .transaction(() => {
      const made = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get();
      if (made) assertVersion(database);
      else makeTables(database);
    })
    .exclusive();
}

function makeTables(database: Database.Database): void {
  database.exec(`
    CREATE TABLE messages (
      sequence INTEGER PRIMARY KEY,
      subject TEXT NOT NULL,
      body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX messages_by_subject ON messages (subject, sequence);
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `);
  const insert = database.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
  insert.run("storage_version", storageVersion);
  insert.run("identity", toHex(randomBytes(16)));
  insert.run("first_sequence", "1");
}

function assertVersion(database: Database.Database): void {
  const found = database.prepare("SELECT value FROM meta WHERE key = 'storage_version'").pluck().get();
  if (found === storageVersion) return;
  throw new Failure(
    `open ${database.name}: its tables are of version ${found}, this version reads ${storageVersion}`,
    {
      code: "log.storageTooNew",
      retryable: false,
      hint: "run the version of routeledger that wrote it, or a newer one",
      fields: { file: database.name },
    },
  );
}
