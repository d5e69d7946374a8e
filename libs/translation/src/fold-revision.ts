import { type ConfigEvent, type ConfigState, evolve } from "@routeledger/config-model";
import { SortedMap } from "@routeledger/std";
import { type Part, type PartSet, type Published, partsOf, type RevisionDelta } from "@routeledger/xds-model";
import { settleGroup } from "./extensions/settle-group.ts";
import { type NotClosed, publish } from "./publish.ts";
import { translateAll } from "./translate-all.ts";
import type { TranslatedState, TranslationCache } from "./translation-cache.ts";
import { translatorVersion } from "./translator-version.ts";

/** Where the fold of CONFIG into XDS stands. The state and what is published are of the same revision. */
export interface RevisionFold {
  readonly state: ConfigState;
  readonly published: Published;
  /** What the last translation gave, as long as nothing came in between; only saves work. */
  readonly last: TranslatedState | undefined;
}

export interface FoldedRevision extends RevisionFold {
  /** Undefined when the revision changes nothing. */
  readonly delta: RevisionDelta | undefined;
  readonly alarms: readonly NotClosed[];
}

/**
 * Folds one CONFIG event: evolve, translate, publish. A revision at which another translator version is active, or
 * none yet, is covered and changes nothing, so that new bytes always have a revision of their own version.
 */
export function foldRevision(
  fold: RevisionFold,
  event: ConfigEvent,
  cache?: TranslationCache,
): FoldedRevision {
  const state = evolve(fold.state, event);
  const { revision, timeMs, translator } = state;
  const idle = { state, published: { ...fold.published, revision, timeMs }, delta: undefined, alarms: [] };
  if (translator === undefined || translator.version !== translatorVersion)
    return { ...idle, last: undefined };
  const untouched = isSame(state, fold.state);
  if (untouched && fold.last !== undefined) return { ...idle, last: fold.last };
  const translated = settled(translateAll(state, cache), fold);
  const { retireGraceMs } = translator;
  const outcome = publish(fold.published, { revision, timeMs, retireGraceMs, ...translated }, fold.last);
  return { state, ...outcome, last: outcome.alarms.length === 0 ? translated : undefined };
}

/** Whether all that is translated is the same. */
function isSame(a: ConfigState, b: ConfigState): boolean {
  return (
    a.objects === b.objects &&
    a.answers === b.answers &&
    a.translator === b.translator &&
    a.openSwitch === b.openSwitch &&
    a.clusterGenerations === b.clusterGenerations
  );
}

/** What extensions left open is decided by what proxies have. */
function settled(translated: TranslatedState, { published, last }: RevisionFold): TranslatedState {
  const open = [...translated.extended].filter(([, { unsettled }]) => unsettled !== undefined);
  if (open.length === 0) return translated;
  const groups = open.map(([nodeGroup, { unsettled }]): [string, PartSet] => {
    const parts = translated.groups.get(nodeGroup) ?? SortedMap.empty<Part>();
    const snapshot = published.snapshots.get(nodeGroup);
    const live = last?.groups.get(nodeGroup) ?? (snapshot && partsOf(snapshot)) ?? SortedMap.empty<Part>();
    return [nodeGroup, settleGroup({ parts, unsettled }, { live, snapshot })];
  });
  return { ...translated, groups: translated.groups.with(groups) };
}
