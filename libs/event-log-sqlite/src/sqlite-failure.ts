import { Failure } from "@routeledger/std";

export interface SqliteWork {
  /** Such as "append to log CONFIG". */
  readonly doing: string;
  readonly file: string;
  /** An error that may come after the bytes were written leaves open what became of them. */
  readonly writes: boolean;
}

/** Does some work on a database; what SQLite throws becomes a Failure, anything else stays as it is. */
export function guarded<T>(work: SqliteWork, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw translated(error, work);
  }
}

function translated(cause: unknown, { doing, file, writes }: SqliteWork): unknown {
  if (!(cause instanceof Error && "code" in cause && typeof cause.code === "string")) return cause;
  const { code: sqlite } = cause;
  if (!sqlite.startsWith("SQLITE_")) return cause;
  const failure = (code: string, retryable: boolean, what: string, hint: string): Failure =>
    new Failure(`${doing}: ${what}`, { code, retryable, hint, cause, fields: { file, sqlite } });
  if (sqlite === "SQLITE_FULL") {
    return failure(
      "log.diskFull",
      true,
      "the disk is full",
      `make room on the disk of ${file}; nothing was stored`,
    );
  }
  if (sqlite.startsWith("SQLITE_BUSY") || sqlite.startsWith("SQLITE_LOCKED")) {
    return failure("log.inUse", true, "the file is in use", `stop the other process that has ${file} open`);
  }
  if (sqlite.startsWith("SQLITE_CORRUPT") || sqlite === "SQLITE_NOTADB") {
    const hint = `bring back ${file} from a backup, then adopt it with: routeledger log adopt`;
    return failure("log.corrupt", false, "the file is damaged", hint);
  }
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(sqlite)) {
    return failure(
      "log.notWritable",
      false,
      "the file cannot be opened or written",
      `look at the permissions of ${file}`,
    );
  }
  const hint = `look at the disk of ${file} (dmesg)`;
  if (writes) return failure("log.unknownOutcome", true, `the disk failed (${cause.message})`, hint);
  return failure("log.ioError", true, `the disk failed (${cause.message})`, hint);
}
