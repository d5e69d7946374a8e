export {
  allResources,
  applyGroupDelta,
  type DeltaMoment,
  digestOfNames,
  typeSnapshot,
  unexpired,
} from "./apply-delta.ts";
export { applyPublication, applyRevisionDelta, statusKey } from "./apply-publication.ts";
export { decodePublishedCheckpoints, encodePublishedCheckpoints } from "./checkpoint-codec.ts";
export { type DanglingReference, danglingReferences, invalidBackendCluster } from "./closure.ts";
export { diffPartSets, diffParts } from "./diff-parts.ts";
export type { ChangedPart, GroupDelta, PartKey } from "./group-delta.ts";
export { comparePartKeys, partKeyText } from "./part-order.ts";
export { type PartSet, partSet, partsOf } from "./part-set.ts";
export { decodePublication, encodePublication } from "./publication-codec.ts";
export {
  emptyPublished,
  emptySnapshot,
  emptyTypeSnapshot,
  everyType,
  type Publication,
  type Published,
  type PublishedStatus,
  type RevisionDelta,
} from "./published.ts";
export { referencesOf, warmsByItself } from "./references.ts";
export { composeResource, revisionOfVersion, versionOf } from "./resource.ts";
export {
  type ResourceType,
  resourceTypes,
  typeNames,
  typeNumbers,
  typeOfNumber,
  typeOfUrl,
  typeUrls,
} from "./resource-type.ts";
export type {
  Owner,
  Part,
  Reference,
  Resource,
  RetiringResource,
  Snapshot,
  TypeSnapshot,
} from "./snapshot.ts";
