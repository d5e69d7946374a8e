import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import type { ConfigState } from "@routeledger/config-model";
import { adoptLog, type EventLog, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import type { SnapshotStore } from "@routeledger/snapshot-store";
import { type Revision, systemClock } from "@routeledger/std";
import type { Published } from "@routeledger/xds-model";
import fc from "fast-check";
import { followed } from "./store/followed-store.ts";
import { project, withStore } from "./store/projected-store.ts";
import { HistoryWriter, type MemoryLogs, memoryLogs, type Step, steps } from "./store/random-history.ts";
import { samePublished } from "./store/same-published.ts";

const property = {
  numRuns: Number(process.env.RUNS ?? 8),
  endOnFailure: true,
  ...(process.env.SEED && { seed: Number(process.env.SEED) }),
};

/** Copies what a backup had, and says that this is the log to follow. */
async function restored(config: EventLog, upTo: number): Promise<MemoryEventLog> {
  const copy = new MemoryEventLog("CONFIG", new MemoryStorage("config-2"));
  for (let sequence = 1; sequence <= upTo; sequence++) {
    const { body } = (await config.at(sequence))!;
    await copy.append({ messages: [{ subject: "ChangeSet", body }], expectedLast: sequence - 1 });
  }
  const randomBytes = (length: number) => new Uint8Array(length).fill(7);
  await adoptLog(copy, { clock: systemClock, randomBytes, reason: "a backup", actor: "ann", source: "cli" });
  return copy;
}

test("P1: a store whose CONFIG lost what was published, and was adopted, holds what was served before and since", () =>
  fc.assert(
    fc.asyncProperty(steps, steps, fc.nat(), fc.boolean(), async (before, after, kept, seesXdsFirst) => {
      const logs = memoryLogs();
      const writer = new HistoryWriter(logs);
      const expected = new Map<number, Published>();
      const states: ConfigState[] = [];
      for (const step of before) {
        const { sequence, published } = await writer.apply(step);
        await writer.publish();
        expected.set(sequence, published);
        states.push(writer.state);
      }
      const last = expected.get(before.length)!;
      const keptState = states[kept % states.length]!;
      const keptTo = keptState.revision.sequence;
      await withStore(async (store) => {
        await project(store, logs);
        const now: MemoryLogs = { ...logs, config: await restored(logs.config, keptTo) };
        await writer.goOn(now.config, keptState);
        for (const sequence of [...expected.keys()]) if (sequence > keptTo) expected.delete(sequence);
        expected.set(keptTo + 1, last);
        for (const step of after) {
          const { sequence, published } = await writer.apply(step);
          expected.set(sequence, published);
        }
        await writer.publish();
        const keptFiles = keptTo < before.length ? [`ledger-until-1.${before.length}.db`] : [];
        if (seesXdsFirst) {
          await project(store, logs);
          assert.deepEqual(await filesAside(store), keptFiles, "before anything that was lost is forgotten");
        }
        const aside: string[] = [];
        await projectAll(store, now, aside);
        for (const [sequence, published] of expected) await samePublished(store, sequence, published);
        await withStore(async (fresh) => {
          await project(fresh, now);
          assert.deepEqual(
            await store.query("contentDigest", {}),
            await fresh.query("contentDigest", {}),
            "as a new one",
          );
        });
        assert.deepEqual(await filesAside(store), keptFiles, "what was lost is kept aside");
        assert.equal(aside.length, keptFiles.length);
      });
    }),
    property,
  ));

test("a store that began anew confirms the new log's Catalogs, though they stand before those that it confirmed", () =>
  withStore(async (store) => {
    const logs = memoryLogs();
    const writer = new HistoryWriter(logs);
    const step: Step = { objects: [{ name: 1, content: 1 }], groups: [], statuses: [], passedMs: 0 };
    await writer.apply(step);
    const kept = writer.state;
    for (let change = 0; change < 6; change++) await writer.apply(step);
    const both = { config: true, xds: true };
    await writer.checkpoint(both);
    const confirmed: Revision[] = [];
    const options = {
      confirm: async ({ config }: { readonly config: Revision }) => void confirmed.push(config),
    };
    const first = followed(store, logs, options);
    await first.until(() => confirmed.length === 1);
    await first.stop();
    const now: MemoryLogs = { ...logs, config: await restored(logs.config, kept.revision.sequence) };
    await writer.goOn(now.config, kept);
    await writer.apply(step);
    await writer.checkpoint(both);
    const second = followed(store, now, options);
    await second.until(() => confirmed.length === 2);
    await second.stop();
    assert.equal(confirmed[1]?.epoch, 2);
    assert.ok(confirmed[1].sequence < confirmed[0]!.sequence);
  }));

async function filesAside(store: SnapshotStore): Promise<string[]> {
  return (await readdir(store.folder)).filter((name) => name.startsWith("ledger-until-"));
}

/** Follows until the store knows the new log to its end. */
async function projectAll(store: SnapshotStore, logs: MemoryLogs, aside: string[]): Promise<void> {
  const following = followed(store, logs, {
    onBegan: (_log, { keptAside }) => void (keptAside && aside.push(keptAside)),
  });
  await following.until(() => store.cursor("CONFIG")?.identity === "config-2");
  await following.caughtUp();
  await following.stop();
}
