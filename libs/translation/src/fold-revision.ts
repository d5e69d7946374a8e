import { type ConfigEvent, type ConfigState, evolve } from "@routeledger/config-model";
import type { Published, RevisionDelta } from "@routeledger/xds-model";
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
  const untouched = state.objects === fold.state.objects && translator === fold.state.translator;
  if (untouched && fold.last !== undefined) return { ...idle, last: fold.last };
  const translated = translateAll(state, cache);
  const { retireGraceMs } = translator;
  const outcome = publish(fold.published, { revision, timeMs, retireGraceMs, ...translated }, fold.last);
  return { state, ...outcome, last: outcome.alarms.length === 0 ? translated : undefined };
}
