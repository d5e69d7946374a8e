import { parentPort, workerData } from "node:worker_threads";
import { assert, Failure } from "@routeledger/std";
import { openForReading, translated } from "./open-database.ts";
import { type QueryName, queries } from "./queries/queries.ts";
import type { QueryReply, QueryRequest } from "./store-reader.ts";

// The store's reading thread: one read-only handle, one question after the other, each in one transaction.

const { folder } = workerData as { folder: string };
const database = openForReading(folder);
const answers = new Map(Object.entries(queries).map(([name, query]) => [name, query.prepare(database)]));
const port = parentPort;
assert(port !== null, "the reader to run as a thread");

port.on("message", ({ id, name, args }: QueryRequest) => {
  port.postMessage({ id, ...answer(name, args) } as QueryReply);
});

function answer(name: QueryName, args: unknown): { result: unknown } | { error: object } {
  const query = answers.get(name) as ((args: unknown) => unknown) | undefined;
  assert(query !== undefined, `a query of the store, got ${name}`);
  try {
    return { result: translated(`query ${name}`, () => database.transaction(() => query(args))()) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { error: { code: error.code, message: error.message, ...(error.hint && { hint: error.hint }) } };
  }
}
