import { assert, revision } from "@routeledger/std";
import { applyGroupDelta } from "./apply-delta.ts";
import {
  emptySnapshot,
  type Publication,
  type Published,
  type PublishedStatus,
  type RevisionDelta,
} from "./published.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * Folds one record of the XDS log. Every snapshot then is the truth up to `publication.to`.
 * Throws AssertionFailed when the record does not follow on what was folded before it (docs/spec/log.md, X1): it
 * begins behind it, or anew, in a higher epoch of CONFIG.
 */
export function applyPublication(published: Published, publication: Publication): Published {
  const { configEpoch, from, to, timeMs } = publication;
  const { epoch, sequence } = published.revision;
  assert(
    (from === sequence + 1 && configEpoch >= epoch) || configEpoch > epoch,
    `a publication from ${epoch}.${sequence + 1}, or in a higher epoch, got ${configEpoch}.${from}`,
  );
  let next = published;
  for (const delta of publication.deltas) next = applyRevisionDelta(next, delta, configEpoch);
  return { ...next, revision: revision(configEpoch, to), timeMs };
}

/** Folds what one CONFIG revision changed. */
export function applyRevisionDelta(
  published: Published,
  delta: RevisionDelta,
  configEpoch: number,
): Published {
  const at = revision(configEpoch, delta.sequence);
  const moment = { revision: at, timeMs: delta.timeMs, retireGraceMs: delta.retireGraceMs };
  const snapshots =
    delta.groups.length === 0 ? published.snapshots : new Map<string, Snapshot>(published.snapshots);
  for (const group of delta.groups) {
    const before = snapshots.get(group.nodeGroup) ?? emptySnapshot(group.nodeGroup);
    const writable = snapshots as Map<string, Snapshot>;
    if (group.deleted) writable.delete(group.nodeGroup);
    else writable.set(group.nodeGroup, applyGroupDelta(before, group, moment));
  }
  return {
    revision: at,
    timeMs: delta.timeMs,
    retireGraceMs: delta.retireGraceMs,
    snapshots,
    statuses: withStatuses(published.statuses, delta.statuses),
  };
}

function withStatuses(
  statuses: Published["statuses"],
  changes: readonly PublishedStatus[],
): Published["statuses"] {
  return statuses.with(changes.map((change) => [statusKey(change), change.json === "" ? undefined : change]));
}

/** `group/kind/namespace/name`, as objects are keyed. */
export function statusKey({ group, kind, namespace, name }: Omit<PublishedStatus, "json">): string {
  return `${group}/${kind}/${namespace}/${name}`;
}
