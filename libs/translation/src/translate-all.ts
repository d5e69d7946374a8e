import type { ConfigState } from "@routeledger/config-model";
import { type TranslatedState, TranslationCache } from "./translation-cache.ts";

/**
 * Translates a state: every node group, and the status of every object. Pure: equal states give equal results, whatever
 * the cache has seen; with it the work is what changed since the state that it saw last.
 */
export function translateAll(state: ConfigState, cache = new TranslationCache()): TranslatedState {
  return cache.follow(state);
}
