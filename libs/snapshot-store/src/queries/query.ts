import type { SqliteDatabase } from "../open-database.ts";

/** One question: its statements are prepared once. Args and results cross threads, so they are plain data. */
export interface Query<Args, Result> {
  prepare(database: SqliteDatabase): (args: Args) => Result;
}

/** No arguments. */
export type NoArgs = Record<string, never>;
