import { workerData } from "node:worker_threads";
import { assert } from "@routeledger/std";
import { answerCalls } from "./answer-calls.ts";
import { StoreWriter } from "./store-writer.ts";
import type { WriterCalls } from "./writer-calls.ts";

// The store's writing thread: the one writer, one transaction after the other.

const { folder } = workerData as { folder: string };
const writer = new StoreWriter(folder);

const calls: {
  [Name in keyof WriterCalls]: (args: WriterCalls[Name]["args"]) => WriterCalls[Name]["result"];
} = {
  write({ log, items, cursor }) {
    writer.write(log, items, cursor);
    return writer.position;
  },
  begin(beginning) {
    const began = writer.begin(beginning);
    return { began, position: writer.position };
  },
  putConfirmed(catalogs) {
    writer.putConfirmed(catalogs);
    return writer.position;
  },
  close() {
    writer.close();
  },
};

answerCalls((name, args) => {
  const call = (calls as Partial<Record<string, (args: unknown) => unknown>>)[name];
  assert(call !== undefined, `a call of the store's writer, got ${name}`);
  return call(args);
});
