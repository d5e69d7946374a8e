import { canonicalJson, compareStrings, type JsonObject, type Revision } from "@routeledger/std";
import {
  applyRevisionDelta,
  type DanglingReference,
  danglingReferences,
  diffParts,
  emptySnapshot,
  type GroupDelta,
  type Part,
  type Published,
  type PublishedStatus,
  type RevisionDelta,
} from "@routeledger/xds-model";
import { withTransitionTimes } from "./statuses/transition-times.ts";

/** What one revision was translated to. */
export interface RevisionTranslation {
  readonly revision: Revision;
  /** Time of the event. */
  readonly timeMs: number;
  readonly retireGraceMs: number;
  /** The parts of every node group that there is, by `namespace/name`. */
  readonly groups: ReadonlyMap<string, readonly Part[]>;
  /** The status of every object that has one, without lastTransitionTime, by `group/kind/namespace/name`. */
  readonly statuses: ReadonlyMap<string, JsonObject>;
}

export interface PublishOutcome {
  readonly published: Published;
  /** What goes into the XDS log; undefined when the revision changes nothing. */
  readonly delta: RevisionDelta | undefined;
  /** Node groups whose snapshot would not have been closed: they keep their last one (P3). A defect of ours. */
  readonly alarms: readonly NotClosed[];
}

export interface NotClosed {
  readonly nodeGroup: string;
  readonly dangling: readonly DanglingReference[];
}

/**
 * The fold that knows the past: versions, retiring, transition times. Pure: equal input gives equal bytes (P2).
 * @param before what the revision before was translated to; what is the same instance in both is not compared again
 */
export function publish(
  published: Published,
  translation: RevisionTranslation,
  before?: Pick<RevisionTranslation, "groups" | "statuses">,
): PublishOutcome {
  const { revision, timeMs, retireGraceMs } = translation;
  const statuses = statusChanges(published, translation, before?.statuses);
  const groups = groupDeltas(published, translation, before?.groups);
  const delta = { sequence: revision.sequence, timeMs, retireGraceMs, groups, statuses };
  const folded = applyRevisionDelta(published, delta, revision.epoch);
  const alarms = groups.flatMap((group): NotClosed[] => {
    const snapshot = folded.snapshots.get(group.nodeGroup);
    const dangling = snapshot === undefined ? [] : danglingReferences(snapshot, group);
    return dangling.length === 0 ? [] : [{ nodeGroup: group.nodeGroup, dangling }];
  });
  if (alarms.length === 0) return { ...saidOrNot(published, delta, folded), alarms };
  const closed = groups.filter(({ nodeGroup }) => !alarms.some((alarm) => alarm.nodeGroup === nodeGroup));
  const rest = { ...delta, groups: closed };
  return { ...saidOrNot(published, rest, applyRevisionDelta(published, rest, revision.epoch)), alarms };
}

function saidOrNot(
  before: Published,
  delta: RevisionDelta,
  folded: Published,
): Omit<PublishOutcome, "alarms"> {
  if (delta.groups.length > 0 || delta.statuses.length > 0) return { published: folded, delta };
  const { revision, timeMs } = folded;
  return { published: { ...before, revision, timeMs }, delta: undefined };
}

function groupDeltas(
  published: Published,
  { groups }: RevisionTranslation,
  before: ReadonlyMap<string, readonly Part[]> | undefined,
): GroupDelta[] {
  const nodeGroups = [...new Set([...groups.keys(), ...published.snapshots.keys()])].sort(compareStrings);
  return nodeGroups.flatMap((nodeGroup): GroupDelta[] => {
    const parts = groups.get(nodeGroup);
    const snapshot = published.snapshots.get(nodeGroup);
    if (parts === undefined) return [{ ...noChange(nodeGroup), deleted: true }];
    if (snapshot === undefined) return [diffParts(emptySnapshot(nodeGroup), parts) ?? noChange(nodeGroup)];
    if (parts === before?.get(nodeGroup)) return [];
    const delta = diffParts(snapshot, parts);
    return delta === undefined ? [] : [delta];
  });
}

function noChange(nodeGroup: string): GroupDelta {
  return { nodeGroup, deleted: false, changed: [], removed: [], retired: [] };
}

function statusChanges(
  published: Published,
  { statuses, timeMs }: RevisionTranslation,
  before: ReadonlyMap<string, JsonObject> | undefined,
): PublishedStatus[] {
  const changes: PublishedStatus[] = [];
  let kept = 0;
  for (const [key, status] of statuses) {
    const known = published.statuses.get(key);
    if (known !== undefined) kept++;
    if (known !== undefined && before?.get(key) === status) continue;
    const previous = known === undefined ? undefined : (JSON.parse(known.json) as JsonObject);
    const json = canonicalJson(withTransitionTimes(status, previous, timeMs));
    if (json !== known?.json) changes.push({ ...statusOf(key), json });
  }
  if (kept < published.statuses.size) {
    for (const [key, { json: _json, ...of }] of published.statuses) {
      if (!statuses.has(key)) changes.push({ ...of, json: "" });
    }
  }
  return changes.sort((a, b) => compareStrings(keyOf(a), keyOf(b)));
}

function keyOf({ group, kind, namespace, name }: PublishedStatus): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

function statusOf(key: string): Omit<PublishedStatus, "json"> {
  const [group = "", kind = "", namespace = "", name = ""] = key.split("/");
  return { group, kind, namespace, name };
}
