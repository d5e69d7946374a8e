/** Which resource a name means on a stream, and whether the client lacks it. */
import { sha256Hex, utf8 } from "@routeledger/std";
import { type Resource, type ResourceType, type Snapshot, versionOf } from "@routeledger/xds-model";
import { isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

/** The snapshot that a stream serves from. Callers come after the first snapshot. */
export function snapshotOfStream(stream: XdsStream): Snapshot {
  if (stream.snapshot === undefined) throw new TypeError("a stream that has a snapshot");
  return stream.snapshot;
}

/** What the snapshot says of a name; of a route table that a listener names and that is missing, a 404 table (rule 36). */
export function current(stream: XdsStream, type: ResourceType, name: string): Resource | undefined {
  const snapshot = snapshotOfStream(stream);
  const found = snapshot.types[type].resources.get(name);
  if (found !== undefined || type !== "route") return found;
  if (snapshot.retiring.route.has(name) || !isNamedByListener(snapshot, name)) return undefined;
  return emptyRouteTable(name);
}

/** What a subscriber gets for a name: also what left the snapshot and may still be needed (rule 49). */
export function served(stream: XdsStream, subscription: Subscription, name: string): Resource | undefined {
  const { type, leaving, names } = subscription;
  const now = current(stream, type, name);
  if (now !== undefined) return now;
  if (!leaving.has(name) && !names.has(name)) return undefined;
  const retiring = snapshotOfStream(stream).retiring[type].get(name)?.resource;
  if (!leaving.has(name)) return retiring;
  return subscription.acked.get(name) ?? retiring ?? subscription.sent.get(name)?.resource;
}

/** The client wants the name and holds other bytes; content that it rejected does not count (rule 6). */
export function lacks(stream: XdsStream, subscription: Subscription, name: string): boolean {
  const { type, sent, rejected } = subscription;
  if (!isWanted(subscription, name)) return false;
  const digest = current(stream, type, name)?.digest;
  if (digest === undefined || sent.get(name)?.digest === digest) return false;
  return rejected.get(name)?.digest !== digest;
}

function isNamedByListener(snapshot: Snapshot, name: string): boolean {
  for (const listener of snapshot.types.listener.resources.values()) {
    if (listener.references.some((reference) => reference.type === "route" && reference.name === name))
      return true;
  }
  return false;
}

/** A RouteConfiguration with a name and no virtual host: every request gets 404 (rules 29 and 36). */
export function emptyRouteTable(name: string): Resource {
  const encoded = utf8(name);
  const length: number[] = [];
  let rest = encoded.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  const bytes = new Uint8Array([nameTag, ...length, rest, ...encoded]);
  const digest = sha256Hex(bytes);
  const changedAt = { epoch: 0, sequence: 0 };
  const version = versionOf(changedAt, digest);
  return { type: "route", name, parts: [], bytes, digest, changedAt, version, references: [] };
}

/** Field 1 of RouteConfiguration, length-delimited. */
const nameTag = (1 << 3) | 2;
