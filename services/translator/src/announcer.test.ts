import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { type EventLog, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { type Clock, Failure } from "@routeledger/std";
import { announceWhileLeading } from "./announcer.ts";

/** Time goes on with each timer that is waited for, and with nothing else. */
class StepClock implements Clock {
  #nowMs = 0;
  wallMs(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  after(delayMs: number, callback: () => void): () => void {
    const handle = setImmediate(() => {
      this.#nowMs += delayMs;
      callback();
    });
    return () => clearImmediate(handle);
  }
}

/** What was announced in each of some ticks; the first before any. */
async function announced(
  ticks: number,
  {
    config = logOf(5),
    progress = () => 0,
    publishedTo = () => 5,
  }: {
    config?: EventLog;
    progress?: (tick: number) => number;
    publishedTo?: (tick: number) => number;
  },
): Promise<number[]> {
  const stop = new AbortController();
  const at: number[] = [];
  let tick = 0;
  const counted: EventLog = new Proxy(config, {
    get: (target, name) => {
      if (name !== "info") return Reflect.get(target, name);
      return () => {
        tick++;
        if (tick > ticks) stop.abort();
        return target.info();
      };
    },
  });
  await announceWhileLeading(
    {
      ...{ config: counted, clock: new StepClock(), everyMs: 10, stuckAfterMs: 40 },
      progress: () => progress(tick),
      publishedTo: () => publishedTo(tick),
      announce: () => at.push(tick),
      surveyed: () => {},
    },
    stop.signal,
  );
  return at;
}

function logOf(messages: number): MemoryEventLog {
  const storage = new MemoryStorage("config");
  for (let sequence = 1; sequence <= messages; sequence++)
    storage.messages.push({ sequence, subject: "ChangeSet", body: new Uint8Array() });
  return new MemoryEventLog("CONFIG", storage);
}

test("a leader that has nothing to do says that it leads", async () => {
  deepEqual(await announced(6, {}), [0, 1, 2, 3, 4, 5, 6]);
});

test("a leader that is behind and moves says that it leads", async () => {
  deepEqual(await announced(6, { progress: (tick) => tick, publishedTo: () => 2 }), [0, 1, 2, 3, 4, 5, 6]);
});

test("a leader that is behind and does not move falls silent after stuckAfterMs", async () => {
  deepEqual(await announced(8, { publishedTo: () => 2 }), [0, 1, 2, 3]);
});

test("a leader that moves again speaks again", async () => {
  const at = await announced(8, { publishedTo: () => 2, progress: (tick) => (tick >= 7 ? 1 : 0) });
  deepEqual(at, [0, 1, 2, 3, 7, 8]);
});

test("a leader that cannot reach CONFIG is silent, and one whose log is closed ends", async () => {
  const config = logOf(5);
  let asked = 0;
  const unreachable = new Proxy(config, {
    get: (target, name) =>
      name === "info" && ++asked <= 3
        ? () => Promise.reject(new Failure("no connection", { code: "log.unreachable", retryable: true }))
        : Reflect.get(target, name).bind(target),
  });
  deepEqual(await announced(5, { config: unreachable }), [0, 4, 5]);
  await config.close();
  equal((await announced(5, { config })).length, 1);
});
