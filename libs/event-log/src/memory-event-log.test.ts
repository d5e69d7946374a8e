import { assert } from "@routeledger/std";
import type { EventLog } from "./event-log-port.ts";
import { MemoryEventLog, MemoryStorage } from "./memory-event-log.ts";
import { type EventLogHarness, eventLogContract } from "./testing.ts";

const storages = new WeakMap<EventLog, MemoryStorage>();
let created = 0;

function opened(storage: MemoryStorage): EventLog {
  const log = new MemoryEventLog("CONFIG", storage);
  storages.set(log, storage);
  return log;
}

function storageOf(log: EventLog): MemoryStorage {
  const storage = storages.get(log);
  assert(storage, "a log that this harness made");
  return storage;
}

const harness: EventLogHarness = {
  create: async () => opened(new MemoryStorage(`memory ${created++}`)),
  reopen: async (log) => {
    await log.close();
    return opened(storageOf(log));
  },
  truncate: async (log, lastSequence) => {
    await log.close();
    const storage = storageOf(log);
    storage.messages = storage.messages.filter(({ sequence }) => sequence <= lastSequence);
    return opened(storage);
  },
  recreate: async (log) => {
    await log.close();
    return await harness.create();
  },
  copy: async (log) => {
    const { identity, firstSequence, messages } = storageOf(log);
    const copied = [...messages];
    const restore = async (current: EventLog) => {
      await current.close();
      const storage = new MemoryStorage(identity);
      storage.firstSequence = firstSequence;
      storage.messages = copied;
      return opened(storage);
    };
    return { log, copy: { restore } };
  },
  dispose: async () => {},
};

eventLogContract("memory", harness);
