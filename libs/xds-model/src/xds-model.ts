export type { ChangedPart, GroupDelta, PartKey } from "./group-delta.ts";
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
