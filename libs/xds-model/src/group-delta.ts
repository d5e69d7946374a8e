import type { ResourceType } from "./resource-type.ts";
import type { Owner, Part } from "./snapshot.ts";

export interface PartKey {
  readonly type: ResourceType;
  readonly resource: string;
  /** Empty for whole resources and the shell of a route table. */
  readonly virtualHost: string;
}

/** What one revision changed for one node group. Lists are sorted by type, resource, virtual host. */
export interface GroupDelta {
  readonly nodeGroup: string;
  /** The node group is no more; the lists are empty. */
  readonly deleted: boolean;
  readonly changed: readonly ChangedPart[];
  /** Parts that are gone at once. */
  readonly removed: readonly PartKey[];
  /** Whole resources (virtualHost empty) that left and are kept as retiring, all parts of them. */
  readonly retired: readonly PartKey[];
}

/** New bytes, or, where `bytes` is undefined, only new owners of the same bytes. */
export type ChangedPart = Omit<Part, "bytes"> & {
  readonly bytes: Uint8Array | undefined;
  readonly owners: readonly Owner[];
};
