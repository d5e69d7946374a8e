import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "@routeledger/std";
import Database from "better-sqlite3";
import { translated } from "./open-database.ts";

export interface StoreLock {
  /** Idempotent. */
  release(): void;
}

const lockFile = "store.lock";
/** Who has it, for people; the lock itself is the kernel's. */
const pidFile = "store.pid";

/**
 * Takes a store's folder, which is made for this user alone when it is not there, for this process until it is
 * released or the process dies: two writers would spoil each other's store. Nothing of it outlives a `kill -9`.
 * @throws Failure `store.inUse` (retryable) that names the other process, `store.*`
 */
export function openStoreLock({ folder }: { readonly folder: string }): StoreLock {
  translated(`make the store's folder ${folder}`, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  const database = translated(
    `open ${join(folder, lockFile)}`,
    () => new Database(join(folder, lockFile), { timeout: 0 }),
  );
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    database.exec("BEGIN EXCLUSIVE; COMMIT");
  } catch (cause) {
    database.close();
    throw isBusy(cause) ? inUse(folder, cause) : cause;
  }
  translated(`write ${join(folder, pidFile)}`, () =>
    writeFileSync(join(folder, pidFile), `${process.pid}\n`),
  );
  return { release: () => void database.close() };
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

function inUse(folder: string, cause: unknown): Failure {
  const pid = readPid(folder);
  return new Failure(
    `open the store in ${folder}: it is in use by ${pid ? `pid ${pid}` : "another process"}`,
    {
      code: "store.inUse",
      retryable: true,
      hint: "every api has a store of its own: stop that process, or name another folder",
      cause,
      fields: { folder },
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
