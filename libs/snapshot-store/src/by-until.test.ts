import assert from "node:assert/strict";
import { test } from "node:test";
import Database from "better-sqlite3";
import { groupStatements } from "./group-statements.ts";
import { ledgerIndexes, ledgerSchema } from "./ledger-schema.ts";
import { objectStatements } from "./object-statements.ts";
import type { SqliteDatabase } from "./open-database.ts";
import { statusStatements } from "./status-statements.ts";

const writers: Readonly<Record<string, (database: SqliteDatabase) => unknown>> = {
  groupStatements,
  objectStatements,
  statusStatements,
};

for (const [name, prepareAll] of Object.entries(writers)) {
  test(`${name}: what still counts is found by index, however often it changed before`, () => {
    const plans = plansOf(prepareAll);
    assert.notEqual(plans.length, 0);
    for (const { text, plan } of plans) assert.match(plan, /^SEARCH .*until_sequence=\?/, text);
  });
}

/** How SQLite carries out each statement that asks for rows that still count. */
function plansOf(prepareAll: (database: SqliteDatabase) => unknown): { text: string; plan: string }[] {
  const database = new Database(":memory:");
  database.exec(ledgerSchema);
  database.exec(ledgerIndexes);
  const texts: string[] = [];
  const prepare = database.prepare.bind(database);
  database.prepare = ((text: string) => {
    texts.push(text);
    return prepare(text);
  }) as typeof database.prepare;
  prepareAll(database);
  return texts
    .filter((text) => /^(SELECT|UPDATE).*until_sequence = \d/s.test(text))
    .map((text) => {
      const parameters = Array.from(text.matchAll(/\?/g), () => 1);
      const [step] = prepare(`EXPLAIN QUERY PLAN ${text}`).all(...parameters) as { detail: string }[];
      return { text, plan: step?.detail ?? "" };
    });
}
