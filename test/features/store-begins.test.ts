import assert from "node:assert/strict";
import { test } from "node:test";
import { configKinds, readCheckpoints, xdsKinds } from "@routeledger/event-log";
import type { Moment, SnapshotStore } from "@routeledger/snapshot-store";
import fc from "fast-check";
import { project, withStore } from "./store/projected-store.ts";
import { HistoryWriter, type MemoryLogs, memoryLogs, type Step, steps } from "./store/random-history.ts";
import { sameAnswers } from "./store/same-answers.ts";

const property = {
  numRuns: Number(process.env.RUNS ?? 6),
  endOnFailure: true,
  ...(process.env.SEED && { seed: Number(process.env.SEED) }),
};

/** Something happens; then a round of checkpoints or half of one; then some of what may be purged is; then stores look. */
interface Phase {
  readonly history: readonly Step[];
  readonly publishEvery: number;
  readonly round: { readonly config: boolean; readonly xds: boolean };
  /** Of what the last Catalog of each log makes superfluous, in tenths. */
  readonly purge: { readonly config: number; readonly xds: number };
  /** The store that is away at times reads what is there. */
  readonly looks: boolean;
}

const tenths = fc.oneof(fc.constant(0), fc.constant(10), fc.integer({ min: 1, max: 9 }));
const phases: fc.Arbitrary<Phase[]> = fc.array(
  fc.record({
    history: fc.tuple(steps, fc.nat({ max: 4 })).map(([all, count]) => all.slice(0, count)),
    publishEvery: fc.integer({ min: 1, max: 3 }),
    round: fc.record({ config: fc.boolean(), xds: fc.boolean() }),
    purge: fc.record({ config: tenths, xds: tenths }),
    looks: fc.boolean(),
  }),
  { minLength: 2, maxLength: 5 },
);

test("a store that began at checkpoints, or was away, answers what a store answers that saw all, or says that it is missing", async () => {
  let gaps = 0;
  await fc.assert(
    fc.asyncProperty(phases, (all: Phase[]) =>
      withStore((full) =>
        withStore((away) =>
          withStore(async (late) => {
            const logs = memoryLogs();
            const writer = new HistoryWriter(logs);
            for (const phase of all) {
              await play(phase, writer, logs, () => project(full, logs));
              if (phase.looks) gaps += await look(away, full, { logs, writer });
            }
            gaps += await look(away, full, { logs, writer });
            gaps += await look(late, full, { logs, writer });
            for (const store of [away, late]) await sameDigests(store, full);
          }),
        ),
      ),
    ),
    property,
  );
  assert.ok(gaps > 0, "some stores began at checkpoints");
});

/** The full store sees everything before it is purged. */
async function play(
  phase: Phase,
  writer: HistoryWriter,
  logs: MemoryLogs,
  see: () => Promise<void>,
): Promise<void> {
  for (const [index, step] of phase.history.entries()) {
    await writer.apply(step);
    if ((index + 1) % phase.publishEvery === 0) await writer.publish();
  }
  await writer.checkpoint(phase.round);
  await writer.publish();
  await see();
  for (const [log, kinds, share] of [
    [logs.config, configKinds, phase.purge.config],
    [logs.xds, xdsKinds, phase.purge.xds],
  ] as const) {
    const { firstSequence } = await log.info();
    const keepFrom = ((await readCheckpoints(log, kinds))?.tail.sequence ?? 0) + 1;
    await log.purge(firstSequence + Math.floor(((keepFrom - firstSequence) * share) / 10));
  }
}

/** Lets a store read what is there and compares all its moments with those of a store that saw all. Returns 1 for a gap. */
async function look(
  store: SnapshotStore,
  full: SnapshotStore,
  { logs, writer }: { readonly logs: MemoryLogs; readonly writer: HistoryWriter },
): Promise<number> {
  const held = store.config.value;
  const heldBefore = await heldMoments(store, Math.min(held, store.published.value));
  const { firstSequence } = await logs.config.info();
  const at = (await readCheckpoints(logs.config, configKinds))?.tail.sequence ?? 0;
  const began: string[] = [];
  await project(store, logs, { onBegan: (log) => began.push(log) });
  assert.equal(
    began.includes("CONFIG"),
    firstSequence > held + 1,
    "it begins again when it must, and only then",
  );
  if (began.includes("CONFIG")) {
    for (let missing = held + 1; missing < at; missing++) {
      const { outcome } = await store.query("resolveMoment", {
        moment: { type: "sequence", sequence: missing },
      });
      assert.match(outcome, /missing|beforeOldest/, `@${missing} of the gap ${held + 1} to ${at - 1}`);
    }
  }
  const beginning = await store.query("eventAt", { sequence: at });
  if (beginning?.kind === "StoreBegan") assert.deepEqual([beginning.changes, beginning.objects], [[], []]);
  const end = store.config.value;
  const foundNow = await heldMoments(store, end);
  for (const sequence of heldBefore) assert.ok(foundNow.includes(sequence), `@${sequence} is still there`);
  if (began.length === 0 && heldBefore.length === held) assert.equal(foundNow.length, end);
  const { heldSince } = await store.query("contentDigest", {});
  for (let sequence = Math.max(heldSince, 1); sequence <= end; sequence++) {
    assert.ok(foundNow.includes(sequence), `@${sequence} is held since ${heldSince}`);
  }
  const times: Moment[] = Array.from({ length: 10 }, (_, index) => ({
    type: "time",
    timeMs: 1_700_000_000_000 + index * 4_000,
  }));
  const others: Moment[] = [
    { type: "head" },
    ...[0, 1, 2, 3].map((events) => ({ type: "back" as const, events })),
  ];
  const moments = [
    ...foundNow.map((sequence): Moment => ({ type: "sequence", sequence })),
    ...times,
    ...others,
  ];
  await sameAnswers(store, full, moments, writer.timeMs);
  return began.length > 0 ? 1 : 0;
}

async function heldMoments(store: SnapshotStore, upTo: number): Promise<number[]> {
  const found: number[] = [];
  for (let sequence = 1; sequence <= upTo; sequence++) {
    const { outcome } = await store.query("resolveMoment", { moment: { type: "sequence", sequence } });
    if (outcome === "found") found.push(sequence);
  }
  return found;
}

async function sameDigests(store: SnapshotStore, full: SnapshotStore): Promise<void> {
  const { heldSince } = await store.query("contentDigest", {});
  for (const since of [heldSince, heldSince + 1, store.config.value]) {
    const ours = await store.query("contentDigest", { since });
    const theirs = await full.query("contentDigest", { since });
    assert.deepEqual(ours.tables, theirs.tables, `since ${since}`);
    assert.equal(ours.digest, theirs.digest);
  }
}
