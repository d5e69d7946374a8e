export {
  type Bootstrap,
  type BootstrapOptions,
  bootstrap,
  type EdgeAddress,
  type Infrastructure,
} from "./bootstrap.ts";
export { extensionObjects } from "./extensions/extension-view.ts";
export type { WantedCall } from "./extensions/hook-chain.ts";
export { type FoldedRevision, foldRevision, type RevisionFold } from "./fold-revision.ts";
export { controllerName } from "./kinds.ts";
export { nodeGroups } from "./node-groups.ts";
export { planSwitch, type SwitchOutlook, switchedClustersMax } from "./plan-switch.ts";
export { type NotClosed, type PublishOutcome, publish, type RevisionTranslation } from "./publish.ts";
export { translateAll } from "./translate-all.ts";
export { type TranslatedState, TranslationCache } from "./translation-cache.ts";
export { translatorVersion } from "./translator-version.ts";
