import { canonicalJson, compareStrings, type JsonObject, type Revision, SortedMap } from "@routeledger/std";
import {
  applyRevisionDelta,
  type DanglingReference,
  danglingReferences,
  diffPartSets,
  type GroupDelta,
  type PartSet,
  type Published,
  type PublishedStatus,
  partsOf,
  type RevisionDelta,
} from "@routeledger/xds-model";
import { withTransitionTimes } from "./statuses/transition-times.ts";
import type { TranslatedState } from "./translation-cache.ts";

/** What one revision was translated to. */
export interface RevisionTranslation extends Pick<TranslatedState, "groups" | "statuses"> {
  readonly revision: Revision;
  /** Time of the event. */
  readonly timeMs: number;
  readonly retireGraceMs: number;
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
 * @param before what the revision before was translated to; then the work is what they differ in
 */
export function publish(
  published: Published,
  translation: RevisionTranslation,
  before?: Pick<TranslatedState, "groups" | "statuses">,
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
  before: SortedMap<PartSet> | undefined,
): GroupDelta[] {
  const known =
    before ?? SortedMap.of([...published.snapshots].map(([key, snapshot]) => [key, partsOf(snapshot)]));
  return groups.changesSince(known).flatMap(({ key, before: old, after }): GroupDelta[] => {
    if (after === undefined) return [{ ...noChange(key), deleted: true }];
    const delta = diffPartSets(key, old ?? SortedMap.empty(), after);
    if (delta !== undefined) return [delta];
    return old === undefined ? [noChange(key)] : [];
  });
}

function noChange(nodeGroup: string): GroupDelta {
  return { nodeGroup, deleted: false, changed: [], removed: [], retired: [] };
}

function statusChanges(
  published: Published,
  { statuses, timeMs }: RevisionTranslation,
  before: SortedMap<JsonObject> | undefined,
): PublishedStatus[] {
  const changed =
    before === undefined
      ? [...statuses.keys(), ...published.statuses.keys()]
      : statuses.changesSince(before).map(({ key }) => key);
  const changes: PublishedStatus[] = [];
  for (const key of new Set(changed)) {
    const known = published.statuses.get(key);
    const status = statuses.get(key);
    if (status === undefined) {
      if (known !== undefined) changes.push({ ...statusOf(key), json: "" });
      continue;
    }
    const previous = known === undefined ? undefined : (JSON.parse(known.json) as JsonObject);
    const json = canonicalJson(withTransitionTimes(status, previous, timeMs));
    if (json !== known?.json) changes.push({ ...statusOf(key), json });
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
