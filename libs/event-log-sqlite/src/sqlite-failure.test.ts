import { equal, ok, throws } from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "@routeledger/std";
import { assertNodeFits } from "./sqlite-addon.ts";
import { guarded } from "./sqlite-failure.ts";

function failureOf(sqlite: string, writes: boolean): Failure {
  try {
    guarded({ doing: "append to log CONFIG", file: "/data/config.sqlite", writes }, () => {
      throw Object.assign(new Error("disk I/O error"), { code: sqlite });
    });
  } catch (error) {
    ok(error instanceof Failure);
    ok(error.hint?.includes("/data/config.sqlite"), error.hint);
    ok(error.message.startsWith("append to log CONFIG: "));
    return error;
  }
  throw new Error("expected a Failure");
}

test("contract 12: a full disk is told apart from a failed one, after which the outcome is unknown", () => {
  equal(failureOf("SQLITE_FULL", true).code, "log.diskFull");
  equal(failureOf("SQLITE_IOERR_FSYNC", true).code, "log.unknownOutcome");
  equal(failureOf("SQLITE_IOERR_WRITE", true).code, "log.unknownOutcome");
  equal(failureOf("SQLITE_IOERR_READ", false).code, "log.ioError");
  equal(failureOf("SQLITE_CORRUPT_INDEX", false).code, "log.corrupt");
  equal(failureOf("SQLITE_NOTADB", false).code, "log.corrupt");
  equal(failureOf("SQLITE_BUSY_RECOVERY", false).code, "log.inUse");
  equal(failureOf("SQLITE_CANTOPEN_ISDIR", false).code, "log.notWritable");
});

test("what SQLite did not throw stays as it is", () => {
  const mine = new TypeError("mine");
  throws(
    () =>
      guarded({ doing: "read", file: "f", writes: false }, () => {
        throw mine;
      }),
    (error) => error === mine,
  );
});

test("a Node under which the addon crashes is refused before it is loaded", () => {
  throws(() => assertNodeFits("20.20.2"), { code: "log.sqliteAddon", hint: /Node 24/ });
  assertNodeFits("24.0.0");
  assertNodeFits("26.10.0");
});
