/**
 * A process that is killed: writes a history to logs in memory, projects them item by item into a store, and says
 * each one on standard output. Arguments: the store's folder, the history as JSON.
 */
import { CommitReader, configKinds, type LogName, xdsKinds } from "@routeledger/event-log";
import { openSnapshotStore } from "@routeledger/snapshot-store";
import { memoryLogs, writeHistory } from "./random-history.ts";

const [folder = "", history = "[]"] = process.argv.slice(2);
const logs = memoryLogs();
await writeHistory(JSON.parse(history), logs, 1);
const store = openSnapshotStore({ folder });

async function* itemsOf(name: LogName) {
  const log = name === "CONFIG" ? logs.config : logs.xds;
  const { identity, lastSequence } = await log.info();
  const from = store.cursor(name)?.tail;
  const reader = new CommitReader(log, { from, kinds: name === "CONFIG" ? configKinds : xdsKinds });
  for await (const item of reader.read({ until: lastSequence })) yield { name, item, identity };
}

const streams = [itemsOf("CONFIG"), itemsOf("XDS")];
for (let turn = 0, ended = 0; ended < 2; turn++) {
  const next = await streams[turn % 2]?.next();
  if (next === undefined || next.done) {
    ended++;
    continue;
  }
  ended = 0;
  const { name, item, identity } = next.value;
  await store.write(name, [item], { identity, tail: item.tail });
  process.stdout.write(`${name} ${item.tail.sequence}\n`);
}
await store.close();
