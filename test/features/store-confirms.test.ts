import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventLog } from "@routeledger/event-log";
import { type Confirm, openSnapshotStore } from "@routeledger/snapshot-store";
import { Failure } from "@routeledger/std";
import { followed, withFolder } from "./store/followed-store.ts";
import { HistoryWriter, memoryLogs, type Step } from "./store/random-history.ts";

const step: Step = { objects: [{ name: 1, content: 1 }], groups: [], statuses: [], passedMs: 0 };
const both = { config: true, xds: true };

type Confirmed = Parameters<Confirm>[0];

/** Takes confirmations; the first `refusals` of them fail. */
function fakeDoor(refusals = 0) {
  const asked: Confirmed[] = [];
  const stored: Confirmed[] = [];
  const confirm: Confirm = async (positions) => {
    asked.push(positions);
    if (asked.length <= refusals) throw new Failure("append to CONFIG", { code: "behind", retryable: true });
    stored.push(positions);
  };
  return { asked, stored, confirm };
}

/** The same log, whose messages come one at a time, so that each is a batch of its own. */
function oneByOne(log: EventLog): EventLog {
  return {
    name: log.name,
    info: () => log.info(),
    append: (request) => log.append(request),
    at: (sequence) => log.at(sequence),
    lastOf: (subject) => log.lastOf(subject),
    purge: (before) => log.purge(before),
    close: () => log.close(),
    async *read(options) {
      for await (const message of log.read(options)) {
        yield message;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  };
}

test("a store confirms once for each pair of Catalogs, at positions that it holds", () =>
  withFolder(async (folder) => {
    const logs = memoryLogs();
    const writer = new HistoryWriter(logs);
    const door = fakeDoor();
    const store = openSnapshotStore({ folder });
    const following = followed(store, logs, { confirm: door.confirm });
    await writer.apply(step);
    await writer.publish();
    await following.caughtUp();
    assert.equal(door.asked.length, 0, "no Catalog, nothing to confirm");
    await writer.checkpoint({ config: true, xds: false });
    await following.caughtUp();
    await following.settled();
    assert.equal(door.asked.length, 0, "one log's Catalog is no pair");
    await writer.checkpoint({ config: false, xds: true });
    await following.until(() => door.stored.length === 1);
    const [first] = door.stored;
    assert.match(first?.storeId ?? "", /^[0-9a-f]{32}$/);
    const catalogs = [await logs.config.lastOf("Catalog"), await logs.xds.lastOf("Catalog")];
    assert.ok((first?.config.sequence ?? 0) >= (catalogs[0]?.sequence ?? 0));
    assert.ok((first?.xds.sequence ?? 0) >= (catalogs[1]?.sequence ?? 0));
    assert.deepEqual([first?.config.epoch, first?.xds.epoch], [1, 1]);
    await writer.apply(step);
    await writer.publish();
    await following.caughtUp();
    await following.settled();
    assert.equal(door.asked.length, 1, "not again for the same pair");
    await writer.checkpoint(both);
    await following.until(() => door.stored.length === 2);
    assert.equal(door.stored[1]?.storeId, first?.storeId);
    await following.stop();
    await store.close();
  }));

test("a confirmation that failed is repeated, also by the store's next process, and then no more", () =>
  withFolder(async (folder) => {
    const logs = memoryLogs();
    const writer = new HistoryWriter(logs);
    await writer.apply(step);
    await writer.checkpoint(both);
    const failing = fakeDoor(Number.POSITIVE_INFINITY);
    const failures: unknown[] = [];
    const first = openSnapshotStore({ folder });
    const following = followed(first, logs, {
      confirm: failing.confirm,
      onConfirmFailed: (error) => failures.push(error),
    });
    await following.until(() => failing.asked.length >= 2);
    assert.ok(failures.length >= 1);
    await following.stop();
    await first.close();
    for (const expected of [1, 0]) {
      const door = fakeDoor();
      const store = openSnapshotStore({ folder });
      const again = followed(store, logs, { confirm: door.confirm });
      if (expected === 1) await again.until(() => door.stored.length === 1);
      await again.caughtUp();
      await again.settled();
      await again.stop();
      await store.close();
      assert.equal(door.asked.length, expected);
    }
  }));

test("a store that is behind confirms the last Catalogs only, and one that began at them confirms too", () =>
  withFolder(async (folder) => {
    const logs = memoryLogs();
    const writer = new HistoryWriter(logs);
    for (let round = 0; round < 5; round++) {
      await writer.apply(step);
      await writer.checkpoint(both);
    }
    const last = { config: await logs.config.lastOf("Catalog"), xds: await logs.xds.lastOf("Catalog") };
    for (const purged of [false, true]) {
      if (purged) {
        await logs.config.purge((last.config?.sequence ?? 0) - 2);
        await logs.xds.purge((last.xds?.sequence ?? 0) - 2);
      }
      const door = fakeDoor();
      const store = openSnapshotStore({ folder: `${folder}/${purged}` });
      const began: string[] = [];
      const slow = { ...logs, config: oneByOne(logs.config), xds: oneByOne(logs.xds) };
      const following = followed(store, slow, {
        confirm: door.confirm,
        onBegan: (log) => began.push(log),
      });
      await following.until(() => door.stored.length === 1);
      await following.settled();
      assert.equal(door.asked.length, 1);
      assert.ok((door.stored[0]?.config.sequence ?? 0) >= (last.config?.sequence ?? 0));
      assert.deepEqual(began.sort(), purged ? ["CONFIG", "XDS"] : []);
      await following.stop();
      await store.close();
    }
  }));
