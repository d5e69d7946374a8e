import { workerData } from "node:worker_threads";
import { assert } from "@routeledger/std";
import { answerCalls } from "./answer-calls.ts";
import { openForReading, translated } from "./open-database.ts";
import { type QueryName, queries } from "./queries/queries.ts";

// The store's reading thread: one read-only handle, one question after the other, each in one transaction.

const { folder } = workerData as { folder: string };
const database = openForReading(folder);
const answers = new Map(Object.entries(queries).map(([name, query]) => [name, query.prepare(database)]));

answerCalls((name, args) => {
  const query = answers.get(name as QueryName) as ((args: unknown) => unknown) | undefined;
  assert(query !== undefined, `a query of the store, got ${name}`);
  return translated(`query ${name}`, () => database.transaction(() => query(args))());
});
