import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { EventLog } from "@routeledger/event-log";
import { type EventLogHarness, eventLogContract } from "@routeledger/event-log/testing";
import { openSqliteEventLogs, type SqliteEventLogs } from "@routeledger/event-log-sqlite";
import { assert } from "@routeledger/std";

/** The embedded log, asked all that every adapter is asked. */

const root = await mkdtemp(join(tmpdir(), "routeledger-log-"));
const opened = new Map<EventLog, { readonly folder: string; readonly logs: SqliteEventLogs }>();
let created = 0;

async function open(folder: string): Promise<EventLog> {
  const logs = await openSqliteEventLogs({ folder });
  opened.set(logs.config, { folder, logs });
  return logs.config;
}

/** Closes all logs of the folder and returns its name. */
async function closed(log: EventLog): Promise<string> {
  const found = opened.get(log);
  assert(found, "a log that this harness opened");
  await found.logs.close();
  opened.delete(log);
  return found.folder;
}

const harness: EventLogHarness = {
  create: () => open(join(root, String(created++))),
  reopen: async (log) => open(await closed(log)),
  truncate: async (log, lastSequence) => {
    const folder = await closed(log);
    const database = new DatabaseSync(join(folder, "config.sqlite"));
    database.prepare("DELETE FROM messages WHERE sequence > ?").run(lastSequence);
    database.close();
    return await open(folder);
  },
  recreate: async (log) => {
    const folder = await closed(log);
    for (const file of await readdir(folder)) await rm(join(folder, file));
    return await open(folder);
  },
  copy: async (log) => {
    const folder = await closed(log);
    const copied = join(root, String(created++));
    await cp(folder, copied, { recursive: true });
    const restore = async (current: EventLog) => {
      const place = await closed(current);
      await rm(place, { recursive: true });
      await cp(copied, place, { recursive: true });
      return await open(place);
    };
    return { log: await open(folder), copy: { restore } };
  },
  dispose: async () => {
    for (const { logs } of opened.values()) await logs.close();
    await rm(root, { recursive: true });
  },
};

eventLogContract("SQLite", harness);
