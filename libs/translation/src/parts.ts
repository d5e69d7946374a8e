import { type ConfigObject, compareRefs } from "@routeledger/config-model";
import { sha256Hex } from "@routeledger/std";
import type { Part, PartKey, ResourceType } from "@routeledger/xds-model";

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
    owners: [...new Set(owners)].sort(compareRefs).map(ownerOf),
  };
}

/**
 * A part with bytes that others made of it, who own it as well.
 * @param key where it stands, if not where the part did
 */
export function remadePart(
  part: Part,
  bytes: Uint8Array,
  others: Iterable<ConfigObject>,
  key: PartKey = part,
): Part {
  const { type, resource, virtualHost } = key;
  const more = [...new Set(others)].map(ownerOf);
  const fresh = more.filter((other) => !part.owners.some((owner) => compareRefs(owner, other) === 0));
  const owners = [...part.owners, ...fresh].sort(compareRefs);
  return { type, resource, virtualHost, bytes, digest: sha256Hex(bytes), owners };
}

function ownerOf({ group, kind, namespace, name, revision }: ConfigObject): Part["owners"][number] {
  return { group, kind, namespace, name, revision };
}
