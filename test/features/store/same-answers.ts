import assert from "node:assert/strict";
import type { Moment, SnapshotStore, StoredXds } from "@routeledger/snapshot-store";

/** Grace of the histories. */
const retireGraceMs = 60_000;

/**
 * Asserts that a store answers at each moment that it holds what another answers. A moment may resolve to different
 * events, where one does not hold the earlier ones; then nothing changed between them.
 */
export async function sameAnswers(
  store: SnapshotStore,
  full: SnapshotStore,
  moments: readonly Moment[],
  nowMs: number,
): Promise<void> {
  let before: { ours: number; theirs: number } | undefined;
  for (const moment of moments) {
    const resolved = await store.query("resolveMoment", { moment });
    if (resolved.outcome !== "found") continue;
    const expected = await full.query("resolveMoment", { moment });
    assert.equal(expected.outcome, "found", `${JSON.stringify(moment)} is found by the store that saw all`);
    if (expected.outcome !== "found") continue;
    const at = { ours: resolved.revision.sequence, theirs: expected.revision.sequence };
    await sameState(store, full, at, { what: JSON.stringify(moment), nowMs });
    if (before !== undefined) await sameDifference(store, full, before, at);
    if (moment.type === "sequence" && moment.sequence % 3 === 0) before = at;
  }
}

interface Places {
  readonly ours: number;
  readonly theirs: number;
}

async function sameState(
  store: SnapshotStore,
  full: SnapshotStore,
  { ours, theirs }: Places,
  { what, nowMs }: { readonly what: string; readonly nowMs: number },
): Promise<void> {
  assert.deepEqual(
    await store.query("objectsAt", { sequence: ours }),
    await full.query("objectsAt", { sequence: theirs }),
    what,
  );
  const nodeGroups = await full.query("nodeGroupsAt", { sequence: theirs });
  assert.deepEqual(await store.query("nodeGroupsAt", { sequence: ours }), nodeGroups, what);
  for (const nodeGroup of nodeGroups) {
    const found = await store.query("xdsAt", { nodeGroup, sequence: ours, as: "bytes" });
    const wanted = await full.query("xdsAt", { nodeGroup, sequence: theirs, as: "bytes" });
    assert.ok(found && wanted);
    const retiring = new Map(wanted.retiring.map((entry) => [`${entry.type} ${entry.name}`, entry]));
    for (const entry of found.retiring) {
      assert.deepEqual(entry, retiring.get(`${entry.type} ${entry.name}`), `${what} ${nodeGroup}: retiring`);
      retiring.delete(`${entry.type} ${entry.name}`);
    }
    // What is over its grace is in no checkpoint.
    for (const { retiredAtMs } of retiring.values()) assert.ok(retiredAtMs + retireGraceMs < nowMs, what);
    assert.deepEqual(withoutRetiring(found), withoutRetiring(wanted), `${what} ${nodeGroup}`);
  }
}

function withoutRetiring({ retiring: _retiring, ...rest }: StoredXds) {
  return rest;
}

async function sameDifference(
  store: SnapshotStore,
  full: SnapshotStore,
  a: Places,
  b: Places,
): Promise<void> {
  assert.deepEqual(
    await store.query("objectsBetween", { a: a.ours, b: b.ours }),
    await full.query("objectsBetween", { a: a.theirs, b: b.theirs }),
  );
  assert.deepEqual(
    await store.query("xdsBetween", { a: a.ours, b: b.ours, json: false }),
    await full.query("xdsBetween", { a: a.theirs, b: b.theirs, json: false }),
  );
}
