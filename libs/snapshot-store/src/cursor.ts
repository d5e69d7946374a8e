import type { LogName, LogTail } from "@routeledger/event-log";
import type { SqliteDatabase } from "./open-database.ts";

/** Where the store stands in a log: enough for the reader to notice a gap, another log or another past. */
export interface Cursor {
  /** `LogInfo.identity` of the log that was read. */
  readonly identity: string;
  readonly tail: LogTail;
}

interface CursorRow {
  readonly identity: string;
  readonly sequence: number;
  readonly hash: Buffer;
  readonly epoch: number;
  readonly term: number;
  readonly time_ms: number;
}

/** Undefined where nothing of the log was read yet. */
export function readCursor(database: SqliteDatabase, log: LogName): Cursor | undefined {
  const row = database.prepare<[string], CursorRow>("SELECT * FROM cursors WHERE log = ?").get(log);
  if (row === undefined) return undefined;
  const { identity, sequence, hash, epoch, term, time_ms: timeMs } = row;
  return { identity, tail: { sequence, hash: new Uint8Array(hash), epoch, term, timeMs } };
}

export function cursorWriter(database: SqliteDatabase): (log: LogName, cursor: Cursor) => void {
  const put = database.prepare("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?, ?, ?, ?)");
  return (log, { identity, tail }) => {
    put.run(log, identity, tail.sequence, tail.hash, tail.epoch, tail.term, tail.timeMs);
  };
}
