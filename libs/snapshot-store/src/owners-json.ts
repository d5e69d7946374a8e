import { canonicalJson, formatRevision } from "@routeledger/std";
import type { Owner } from "@routeledger/xds-model";

/** Owners as the store holds them: canonical JSON, revisions as text. */
export function ownersJson(owners: readonly Owner[]): string {
  return canonicalJson(owners.map(({ revision: at, ...ref }) => ({ ...ref, revision: formatRevision(at) })));
}
