import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EventLog } from "@routeledger/event-log";
import { Failure } from "@routeledger/std";
import type Database from "better-sqlite3";
import { prepareDatabase } from "./prepare-database.ts";
import { loadSqlite } from "./sqlite-addon.ts";
import { SqliteEventLog } from "./sqlite-event-log.ts";
import { guarded } from "./sqlite-failure.ts";

export interface SqliteEventLogsOptions {
  /** Made where it is missing. Holds `config.sqlite`, `xds.sqlite`, `delivery.sqlite` and `log.pid`. */
  readonly folder: string;
}

export interface SqliteEventLogs {
  readonly config: EventLog;
  readonly xds: EventLog;
  readonly delivery: EventLog;
  /** Ends all readers and lets go of the folder. Idempotent. */
  close(): Promise<void>;
}

/** A file a log, so that what is told of deliveries never waits for, or delays, an event. */
const files = [
  { log: "CONFIG", file: "config.sqlite" },
  { log: "XDS", file: "xds.sqlite" },
  { log: "DELIVERY", file: "delivery.sqlite" },
] as const;

/**
 * Opens the embedded logs of a folder for this process alone.
 *
 * @throws Failure `log.inUse` ("data folder ... is in use by pid N"), `log.sqliteAddon`, `log.notWritable`,
 * `log.corrupt`, `log.diskFull`, `log.storageTooNew`
 */
export async function openSqliteEventLogs({ folder }: SqliteEventLogsOptions): Promise<SqliteEventLogs> {
  const sqlite = await loadSqlite(process.versions.node);
  makeFolder(folder);
  const opened: SqliteEventLog[] = [];
  const close = async (): Promise<void> => {
    for (const log of opened) await log.close();
  };
  try {
    for (const { log, file } of files) {
      opened.push(new SqliteEventLog(log, openDatabase(sqlite, join(folder, file))));
      // CONFIG comes first and decides who has the folder; only that process says its name.
      if (log === "CONFIG") writeFileSync(join(folder, pidFile), `${process.pid}\n`);
    }
  } catch (error) {
    await close();
    throw isInUse(error) ? inUseFailure(folder, error) : error;
  }
  const [config, xds, delivery] = opened;
  return { config: config!, xds: xds!, delivery: delivery!, close };
}

/** Who has the folder, for people; the lock itself is the kernel's. */
const pidFile = "log.pid";

function openDatabase(sqlite: typeof Database, file: string): Database.Database {
  return guarded({ doing: `open ${file}`, file, writes: false }, () => {
    const database = new sqlite(file, { timeout: 0 });
    try {
      prepareDatabase(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Makes the folder and sees to it that a power cut does not lose its name. */
function makeFolder(folder: string): void {
  try {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (made === undefined) return;
    const parent = openSync(dirname(made), "r");
    fsyncSync(parent);
    closeSync(parent);
  } catch (cause) {
    throw new Failure(`make the data folder ${folder}`, {
      code: "log.notWritable",
      retryable: false,
      hint: "choose a folder that this user may write",
      cause,
      fields: { folder },
    });
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Failure && error.code === "log.inUse";
}

function inUseFailure(folder: string, cause: unknown): Failure {
  const pid = readPid(folder);
  return new Failure(
    `open the data folder ${folder}: it is in use by ${pid ? `pid ${pid}` : "another process"}`,
    {
      code: "log.inUse",
      retryable: true,
      hint: "stop that process, or name another data folder",
      cause,
      fields: { folder, ...(pid && { pid }) },
    },
  );
}

function readPid(folder: string): string | undefined {
  try {
    return /^\d+/.exec(readFileSync(join(folder, pidFile), "utf8"))?.[0];
  } catch {
    return undefined;
  }
}
