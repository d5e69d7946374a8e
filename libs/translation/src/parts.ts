import { type ConfigObject, compareRefs } from "@routeledger/config-model";
import { sha256Hex } from "@routeledger/std";
import type { Part, ResourceType } from "@routeledger/xds-model";

/** A whole resource, or one part of a route table, from its encoded bytes. */
export function makePart(
  key: { readonly type: ResourceType; readonly resource: string; readonly virtualHost?: string },
  bytes: Uint8Array,
  owners: Iterable<ConfigObject>,
): Part {
  return {
    type: key.type,
    resource: key.resource,
    virtualHost: key.virtualHost ?? "",
    bytes,
    digest: sha256Hex(bytes),
    owners: [...new Set(owners)]
      .sort(compareRefs)
      .map(({ group, kind, namespace, name, revision }) => ({ group, kind, namespace, name, revision })),
  };
}
