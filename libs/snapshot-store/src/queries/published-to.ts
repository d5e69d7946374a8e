import type { SqliteDatabase } from "../open-database.ts";

/** The CONFIG sequence up to which the store holds what it became; 0: nothing. */
export function publishedTo(database: SqliteDatabase): number {
  const last = database.prepare("SELECT config_to FROM publications ORDER BY sequence DESC LIMIT 1").pluck();
  return (last.get() as number | undefined) ?? 0;
}
