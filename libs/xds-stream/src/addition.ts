/**
 * Make before break, the first half: a listener or route table that refers to a cluster which the client cannot use
 * yet would answer 503 there (rule 48), so it waits; others of its type go on (rule 15). Clusters and endpoints are
 * written before what refers to them, which mostly is enough. It is not:
 * - before a client's first EDS cluster: it asks for no endpoints, so they cannot be sent with the cluster;
 * - while a cluster warms: Envoy withholds its request for clusters on a new stream (1.3.2 of the xDS rules);
 * - for a cluster that needs a secret which the client lacks: secrets come when they are asked for;
 * - for one that checks health, or resolves names, before it is used.
 * A cluster that was acknowledged on this stream is usable: it serves as it was while it warms again.
 */
import type { Resource, ResourceType } from "@routeledger/xds-model";
import { apartFrom } from "./held-digest.ts";
import { isSuspect } from "./quarantine.ts";
import { isRejected, snapshotOfStream } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import { type GatedType, isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

/** The types that may be held back. Never those that make a cluster usable: that would be a deadlock (rule 45). */
export const gatedTypes: readonly GatedType[] = ["listener", "route"];

/** To be called before the resources of a type are looked at with `isHeldBack`. */
export function lookAgain({ additions: { held } }: XdsStream, { type }: Subscription): void {
  if (type === "listener" || type === "route") held[type].clear();
}

/**
 * Whether a resource must not be written yet. The time that it waits at most begins with the first answer; what an edge
 * withholds (P11) waits without end.
 */
export function isHeldBack(stream: XdsStream, resource: Resource): boolean {
  const { type, name } = resource;
  if (resource.isWithheld === true) return true;
  if ((type !== "listener" && type !== "route") || !isGating(stream)) return false;
  const names = unusable(stream, resource).filter((cluster) => !isOver(stream, cluster));
  if (names.length === 0) return false;
  stream.additions.held[type].set(name, names.sort());
  for (const cluster of names) startWaiting(stream, cluster);
  return true;
}

/** Whether anything is held back. */
export function hasHeldBack({ additions: { held } }: XdsStream): boolean {
  return held.listener.size + held.route.size > 0;
}

/** Names of a type that are held back. */
export function heldBackNames({ additions: { held } }: XdsStream, type: ResourceType): Iterable<string> {
  return type === "listener" || type === "route" ? held[type].keys() : [];
}

/** Whether all that a SotW response of the type would be written for is held back. */
export function hasOnlyHeldBack(stream: XdsStream, { type, dirty, asked, owed }: Subscription): boolean {
  const held = new Set(heldBackNames(stream, type));
  if (held.size === 0) return false;
  return [dirty, asked, owed].every((names) => [...names].every((name) => held.has(name)));
}

/**
 * SotW LDS: what is held back is written as it was sent before, or left out. Undefined: all waits, since that would take
 * a listener from a client that may hold it from an earlier stream.
 */
export function withHeldBack(
  stream: XdsStream,
  { type, sent, acked }: Subscription,
  content: Resource[],
): Resource[] | undefined {
  if (type !== "listener") return content;
  const written: Resource[] = [];
  let mustWait = false;
  for (const resource of content) {
    const before = sent.get(resource.name);
    const isSent = before?.digest === resource.digest;
    if (isSent || !isHeldBack(stream, resource)) {
      written.push(resource);
      continue;
    }
    const known = before?.digest === "" ? acked.get(resource.name) : before?.resource;
    if (known !== undefined) written.push(known);
    mustWait ||= before !== undefined && known === undefined;
  }
  return mustWait ? undefined : written;
}

/** The timers that are to be started. */
export function takeTimers({ additions: { timers } }: XdsStream): StreamOutput[] {
  return timers.length === 0 ? [] : timers.splice(0);
}

/** The time for a cluster is over: what waits for it goes. A timer for which nothing waits any more does nothing. */
export function endGate(stream: XdsStream, id: string): StreamOutput[] {
  const { awaited, held } = stream.additions;
  for (const [key, { timerId }] of awaited) {
    if (timerId !== id) continue;
    const waiting = [...held.listener.values(), ...held.route.values()];
    const isAwaited = waiting.some(
      (names) => key === anyCluster || key === anyRequest || names.includes(key),
    );
    if (isAwaited) awaited.set(key, { timerId, overFor: digestOf(stream, key) });
    else awaited.delete(key);
  }
  return [];
}

/**
 * A stream of one type has nothing to order. A client that asks for neither clusters nor endpoints has them from
 * elsewhere, or, as gRPC, asks when it has the routes; of Envoy, which begins with listeners while its first cluster
 * warms, these requests come behind.
 */
function isGating(stream: XdsStream): boolean {
  if (stream.resourceType !== undefined) return false;
  if (!asksForNone(stream)) return true;
  return stream.types.listener.interest !== "unasked" && !/^grpc/i.test(stream.node?.userAgentName ?? "");
}

function asksForNone({ types: { cluster, endpoint } }: XdsStream): boolean {
  return cluster.interest === "unasked" && endpoint.interest === "unasked";
}

const clusterNames = new WeakMap<Resource, ReadonlySet<string>>();

/** Found once for all streams. */
function clustersOf(resource: Resource): ReadonlySet<string> {
  const known = clusterNames.get(resource);
  if (known !== undefined) return known;
  const references = resource.references.filter(({ type }) => type === "cluster");
  const names = new Set(references.map(({ name }) => name));
  clusterNames.set(resource, names);
  return names;
}

/** The clusters of a resource that the client cannot use yet. Costs nothing while it has acknowledged them all. */
function unusable(stream: XdsStream, resource: Resource): string[] {
  const { resources } = snapshotOfStream(stream).types.cluster;
  const news = apartFrom(stream.types.cluster, resources);
  const { leaving } = stream.types.cluster;
  if (news.size + leaving.size === 0) return [];
  const names = clustersOf(resource);
  const [fewer, more] = names.size < news.size ? [names, news] : [news, names];
  const unsure = [...fewer].filter((name) => more.has(name));
  const going = leaving.size === 0 ? [] : [...names].filter((name) => leaving.has(name) && !news.has(name));
  return [...unsure, ...going].filter((name) => !isUsable(stream, name));
}

function isUsable(stream: XdsStream, name: string): boolean {
  const { cluster, endpoint, secret } = stream.types;
  const found =
    snapshotOfStream(stream).types.cluster.resources.get(name) ?? cluster.sent.get(name)?.resource;
  // Nothing that is sent here will make it usable.
  if (found === undefined || (isRejected(stream, cluster, name) && !isSuspect(stream, cluster, name)))
    return true;
  // Envoy asks for clusters when all that it has are warm; in which edition one warms is not known.
  if (cluster.interest === "unasked") return false;
  if (!isWanted(cluster, name) || cluster.acked.has(name) || cluster.unknown.has(name)) return true;
  if (found.warmsByItself || !cluster.sent.has(name)) return false;
  return found.references.every((reference) => {
    if (reference.type === "endpoint") return isWritten(endpoint, reference.name);
    return reference.type !== "secret" || isSettled(secret, reference.name);
  });
}

/** Sent after what refers to it. */
function isWritten({ sent, owed }: Subscription, name: string): boolean {
  return (sent.get(name)?.digest ?? "") !== "" && !owed.has(name);
}

/** Acknowledged, and not on its way again. */
function isSettled({ acked, owed, inflight }: Subscription, name: string): boolean {
  if (!acked.has(name) || owed.has(name)) return false;
  for (const { resources } of inflight.values()) if (resources.has(name)) return false;
  return true;
}

/** Where a client asks for no clusters, all wait for that request, once (some have clusters from elsewhere). */
const anyCluster = "*";
/** Where it asks for no endpoints either, those requests are on their way, or never come. */
const anyRequest = "?";
/** How long they are waited for, milliseconds: Envoy sends its first requests at once. */
const firstRequestsMs = 200;

function keyOf(stream: XdsStream, cluster: string): string {
  if (asksForNone(stream)) return anyRequest;
  return stream.types.cluster.interest === "unasked" ? anyCluster : cluster;
}

function digestOf(stream: XdsStream, key: string): string {
  return snapshotOfStream(stream).types.cluster.resources.get(key)?.digest ?? "";
}

function isOver(stream: XdsStream, cluster: string): boolean {
  const key = keyOf(stream, cluster);
  return stream.additions.awaited.get(key)?.overFor === digestOf(stream, key);
}

/** A cluster that changes while things wait for it gets no more time, so nothing waits for ever. */
function startWaiting(stream: XdsStream, cluster: string): void {
  const { awaited, timers } = stream.additions;
  const key = keyOf(stream, cluster);
  const known = awaited.get(key);
  if (known !== undefined && known.overFor === undefined) return;
  for (const [other, { overFor }] of awaited) {
    if (overFor !== undefined && overFor !== digestOf(stream, other)) awaited.delete(other);
  }
  const timerId = `gate-${++stream.count}`;
  awaited.set(key, { timerId, overFor: undefined });
  const delayMs =
    key === anyRequest ? Math.min(firstRequestsMs, stream.gateDeadlineMs) : stream.gateDeadlineMs;
  timers.push({ type: "startTimer", id: timerId, delayMs });
}
