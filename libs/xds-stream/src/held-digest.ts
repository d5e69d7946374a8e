import { by, concatBytes, fromHex, sha256Hex, utf8 } from "@routeledger/std";
import type { Resource } from "@routeledger/xds-model";
import type { Subscription, XdsStream } from "./stream-state.ts";

/**
 * SHA-256 of what the client holds of a type: `digestOfNames` of what it acknowledged, 64 hexadecimal digits. Every ACK
 * asks for it, so it costs nothing when the client holds just what the snapshot has.
 */
export function heldDigest(stream: XdsStream, subscription: Subscription): string {
  const now = stream.snapshot?.types[subscription.type];
  if (now !== undefined && apartFrom(subscription, now.resources).size === 0) return now.digest;
  const held = [...subscription.acked.values()].sort(by(({ name }) => name));
  return sha256Hex(concatBytes(held.map(chunkOf)));
}

/** Names for which what is acknowledged is not what the snapshot has: found once, then kept by `noteApart`. */
export function apartFrom(
  subscription: Subscription,
  resources: ReadonlyMap<string, Resource>,
): ReadonlySet<string> {
  const { acked, apart } = subscription;
  if (apart !== undefined) return apart;
  const found = new Set<string>();
  for (const [name, { digest }] of resources) if (acked.get(name)?.digest !== digest) found.add(name);
  for (const name of acked.keys()) if (!resources.has(name)) found.add(name);
  subscription.apart = found;
  return found;
}

/** To be called for each name of which the acknowledged or the snapshot's resource changed. */
export function noteApart(
  { acked, apart }: Subscription,
  resources: ReadonlyMap<string, Resource> | undefined,
  name: string,
): void {
  if (acked.get(name)?.digest === resources?.get(name)?.digest) apart?.delete(name);
  else apart?.add(name);
}

const chunks = new WeakMap<Resource, Uint8Array>();

/** Length of the name (4 bytes, big endian), name, digest (32 bytes): made once for all streams. */
function chunkOf(resource: Resource): Uint8Array {
  const known = chunks.get(resource);
  if (known !== undefined) return known;
  const name = utf8(resource.name);
  const chunk = new Uint8Array(4 + name.length + 32);
  new DataView(chunk.buffer).setUint32(0, name.length);
  chunk.set(name, 4);
  chunk.set(fromHex(resource.digest), 4 + name.length);
  chunks.set(resource, chunk);
  return chunk;
}
