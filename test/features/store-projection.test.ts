import assert from "node:assert/strict";
import { test } from "node:test";
import { projectLogs, type SnapshotStore } from "@routeledger/snapshot-store";
import fc from "fast-check";
import { project, withStore } from "./store/projected-store.ts";
import { type MemoryLogs, memoryLogs, type Step, steps, writeHistory } from "./store/random-history.ts";
import { samePublished } from "./store/same-published.ts";

const property = {
  numRuns: 20,
  endOnFailure: true,
  ...(process.env.SEED && { seed: Number(process.env.SEED) }),
};

test("P2: at every revision the store holds what the logs' fold holds, in any batching, and rebuilt", async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (history: Step[], publishEvery) => {
      const logs = memoryLogs();
      const states = await writeHistory(history, logs, publishEvery);
      await withStore(async (store) => {
        await project(store, logs);
        for (const { sequence, published } of states) await samePublished(store, sequence, published);
        const first = await store.query("contentDigest", {});
        await withStore(async (rebuilt) => {
          await projectInPieces(rebuilt, logs);
          assert.deepEqual(await rebuilt.query("contentDigest", {}), first);
        });
      });
    }),
    property,
  );
});

test("the content digest of two stores of different logs differs, and says in which table", async () => {
  const digests = [];
  for (const content of [1, 2]) {
    const logs = memoryLogs();
    await writeHistory([{ objects: [{ name: 1, content }], groups: [], statuses: [], passedMs: 0 }], logs, 1);
    digests.push(
      await withStore(async (store) => {
        await project(store, logs);
        return store.query("contentDigest", {});
      }),
    );
  }
  assert.notEqual(digests[0]?.digest, digests[1]?.digest);
  assert.notEqual(digests[0]?.tables.objects, digests[1]?.tables.objects);
  assert.equal(digests[0]?.tables.parts, digests[1]?.tables.parts);
});

test("P1: a log that was exchanged for another is said, and nothing of it is written", async () => {
  const step: Step = { objects: [{ name: 1, content: 1 }], groups: [], statuses: [], passedMs: 0 };
  const logs = memoryLogs();
  await writeHistory([step], logs, 1);
  await withStore(async (store) => {
    await project(store, logs);
    const before = await store.query("contentDigest", {});
    const other = memoryLogs();
    await writeHistory([{ ...step, objects: [{ name: 2, content: 2 }] }, step], other, 1);
    const running = new AbortController();
    await assert.rejects(projectLogs(store, other, { signal: running.signal }), { code: "log.brokenChain" });
    assert.deepEqual(await store.query("contentDigest", {}), before);
  });
});

/** The same, ended and begun again after each revision. */
async function projectInPieces(store: SnapshotStore, logs: MemoryLogs): Promise<void> {
  const { lastSequence } = await logs.config.info();
  for (let sequence = 1; sequence <= lastSequence; sequence++) {
    const running = new AbortController();
    const done = projectLogs(store, logs, { signal: running.signal });
    await Promise.race([done, store.config.waitFor(sequence, running.signal)]);
    running.abort();
    await done;
  }
  await project(store, logs);
}
