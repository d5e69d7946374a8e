/** Which resource a name means on a stream, and whether the client lacks it. */
import { sha256Hex, utf8 } from "@routeledger/std";
import {
  type Resource,
  type ResourceType,
  type Snapshot,
  type TypeSnapshot,
  versionOf,
} from "@routeledger/xds-model";
import { isFullType } from "./interest.ts";
import { isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

/** The snapshot that a stream serves from. Callers come after the first snapshot. */
export function snapshotOfStream(stream: XdsStream): Snapshot {
  if (stream.snapshot === undefined) throw new TypeError("a stream that has a snapshot");
  return stream.snapshot;
}

/**
 * What the snapshot says of a name. Of a route table that a listener names and that is missing, a 404 table (rule 36);
 * of endpoints that a cluster names and that are missing, none (rule 42), nor of those that a cluster waits for which
 * is not there any more.
 */
export function current(stream: XdsStream, type: ResourceType, name: string): Resource | undefined {
  const snapshot = snapshotOfStream(stream);
  const found = snapshot.types[type].resources.get(name);
  if (found !== undefined || (type !== "route" && type !== "endpoint")) return found;
  if (snapshot.retiring[type].has(name)) return undefined;
  const isAwaited = type === "endpoint" && stream.endsWarming && stream.types.endpoint.names.has(name);
  if (!isAwaited && !isNamed(snapshot, type, name)) return undefined;
  return onlyNamed(type, name);
}

/**
 * What a subscriber gets for a name. Instead of content that it rejected it gets what it last acknowledged, and nothing
 * where there is none (rule 73), unless that could take away what it holds from an earlier stream.
 */
export function served(stream: XdsStream, subscription: Subscription, name: string): Resource | undefined {
  const offered = offeredOf(stream, subscription, name);
  const entry = subscription.rejected.get(name);
  if (offered === undefined || entry?.digest !== offered.digest) return offered;
  if (entry.keeping !== "no" && holdsFromBefore(stream, subscription)) return offered;
  const held = subscription.acked.get(name);
  return held?.digest === offered.digest ? undefined : held;
}

/** Whether the newest that there is of a name, or its removal, was rejected. */
export function isRejected(stream: XdsStream, subscription: Subscription, name: string): boolean {
  const digest = subscription.rejected.get(name)?.digest;
  if (digest === "") return current(stream, subscription.type, name) === undefined;
  return digest !== undefined && offeredOf(stream, subscription, name)?.digest === digest;
}

/**
 * SotW LDS and CDS, before the first ACK of a client that comes from another stream: what a response leaves out is
 * deleted, and what the client would lose is not known here. So what it rejected goes along with what changes.
 */
export function holdsFromBefore({ protocol }: XdsStream, { type, unknown }: Subscription): boolean {
  return protocol === "sotw" && isFullType(type) && unknown.size > 0;
}

/** Also what left the snapshot and may still be needed (rule 49). */
function offeredOf(stream: XdsStream, subscription: Subscription, name: string): Resource | undefined {
  const { type, leaving } = subscription;
  const now = current(stream, type, name);
  if (now !== undefined || !leaving.has(name)) return now;
  const retiring = snapshotOfStream(stream).retiring[type].get(name)?.resource;
  const last = subscription.sent.get(name);
  const written = last?.digest === "" ? undefined : last?.resource;
  if (written !== undefined) return written;
  return [retiring, subscription.acked.get(name), last?.resource].find(
    (edition) => edition !== undefined && hasClusters(stream, edition),
  );
}

/** A table whose clusters are gone serves nobody, least of all a client that holds an older edition of it. */
function hasClusters(stream: XdsStream, { type, references }: Resource): boolean {
  if (type !== "route") return true;
  const { resources } = snapshotOfStream(stream).types.cluster;
  const { sent } = stream.types.cluster;
  return references.every(({ type: of, name }) => of !== "cluster" || resources.has(name) || sent.has(name));
}

/** The client wants the name and holds other bytes; content that it rejected does not count (rule 6). */
export function lacks(stream: XdsStream, subscription: Subscription, name: string): boolean {
  const { type, sent, rejected } = subscription;
  if (!isWanted(subscription, name)) return false;
  const digest = current(stream, type, name)?.digest;
  if (digest === undefined || sent.get(name)?.digest === digest) return false;
  return rejected.get(name)?.digest !== digest;
}

const namedBy = new WeakMap<TypeSnapshot, ReadonlySet<string>>();

/** Whether a listener names the route table, or a cluster the endpoints. Found once for all streams. */
function isNamed({ types }: Snapshot, type: "route" | "endpoint", name: string): boolean {
  const referring = type === "route" ? types.listener : types.cluster;
  let names = namedBy.get(referring);
  if (names === undefined) {
    const references = [...referring.resources.values()].flatMap((each) => each.references);
    names = new Set(references.filter((each) => each.type === type).map((each) => each.name));
    namedBy.set(referring, names);
  }
  return names.has(name);
}

/** A RouteConfiguration with a name and no virtual host: every request gets 404 (rules 29 and 36). */
export function emptyRouteTable(name: string): Resource {
  return onlyNamed("route", name);
}

/** A ClusterLoadAssignment without endpoints: it ends the warming of the cluster (rules 35 and 42). */
export function emptyAssignment(name: string): Resource {
  return onlyNamed("endpoint", name);
}

function onlyNamed(type: "route" | "endpoint", name: string): Resource {
  const encoded = utf8(name);
  const length: number[] = [];
  let rest = encoded.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  const bytes = new Uint8Array([nameTag, ...length, rest, ...encoded]);
  const digest = sha256Hex(bytes);
  const changedAt = { epoch: 0, sequence: 0 };
  const version = versionOf(changedAt, digest);
  return { type, name, parts: [], bytes, digest, changedAt, version, references: [], warmsByItself: false };
}

/** Field 1 of RouteConfiguration and of ClusterLoadAssignment, length-delimited. */
const nameTag = (1 << 3) | 2;
