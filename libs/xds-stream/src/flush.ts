/**
 * What is written next. A flush is a sequence of calls: each looks at the latest snapshot and takes the first type,
 * in write order, of which the client needs something, so a newer snapshot supersedes the rest of an older flush
 * without reordering it (rules 47 and 51), and what nobody wants any more is never written (rule 11).
 *
 * Whether something is sent is decided here. When it may be sent is decided by `isHeldBack`.
 */

import { by, compareStrings } from "@routeledger/std";
import {
  digestOfNames,
  type Resource,
  type ResourceType,
  resourceTypes,
  typeUrls,
} from "@routeledger/xds-model";
import { hasOnlyHeldBack, heldBackNames, isHeldBack, lookAgain, withHeldBack } from "./addition.ts";
import { isFullType, isWildcard } from "./interest.ts";
import { droppable } from "./leaving.ts";
import { oweDependents } from "./owed.ts";
import { hasLeftOut, isSuspect, nextTrial, releaseOthers } from "./quarantine.ts";
import { asSent } from "./sent-resource.ts";
import {
  current,
  emptyAssignment,
  emptyRouteTable,
  isRejected,
  lacks,
  served,
  snapshotOfStream,
} from "./served.ts";
import type { StreamResponse } from "./stream-io.ts";
import { inflightMax, isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

interface Draft {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
}

/** Dependents first; route tables, endpoints and extension configs are left to the client (rules 34 to 36). */
const removalOrder: readonly ResourceType[] = ["listener", "secret", "cluster"];
const silentTypes: readonly ResourceType[] = ["route", "extensionConfig", "endpoint"];

/** Takes the next response out of the stream and notes it as sent; undefined when the client needs nothing. */
export function nextResponse(stream: XdsStream): StreamResponse | undefined {
  for (const type of resourceTypes) {
    const subscription = stream.types[type];
    if (subscription.interest === "unasked") continue;
    lookAgain(stream, subscription);
    if (stream.gatesMoved) releaseOthers(stream, subscription);
    const draft = isFull(stream, type) ? draftFull(stream, subscription) : draftPartial(stream, subscription);
    if (draft !== undefined) return record(stream, subscription, draft);
  }
  return nextRemoval(stream);
}

function nextRemoval(stream: XdsStream): StreamResponse | undefined {
  if (!stream.gatesMoved) return undefined;
  for (const type of silentTypes) {
    const subscription = stream.types[type];
    for (const name of droppable(stream, subscription)) subscription.leaving.delete(name);
  }
  for (const type of removalOrder) {
    const subscription = stream.types[type];
    const names = droppable(stream, subscription);
    if (names.length === 0 || subscription.interest === "unasked") continue;
    const entries = [...subscription.leaving].filter(([name]) => names.includes(name));
    for (const name of names) subscription.leaving.delete(name);
    if (isFull(stream, type)) {
      const resources = fullContent(stream, subscription);
      if (resources === undefined) {
        for (const [name, entry] of entries) subscription.leaving.set(name, entry);
        continue;
      }
      for (const name of names) subscription.sent.delete(name);
      return record(stream, subscription, { resources, removed: [] });
    }
    if (stream.protocol === "delta") return record(stream, subscription, { resources: [], removed: names });
    for (const name of names) subscription.sent.delete(name);
  }
  stream.gatesMoved = false;
  return undefined;
}

function isFull({ protocol }: XdsStream, type: ResourceType): boolean {
  return protocol === "sotw" && isFullType(type);
}

/** SotW LDS and CDS: all of the subscription, with what is leaving (rules 16, 18, 49, 60). */
function draftFull(stream: XdsStream, subscription: Subscription): Draft | undefined {
  const { dirty, asked, owed, answerDue } = subscription;
  for (const name of asked) if (!isWanted(subscription, name)) asked.delete(name);
  for (const name of dirty) if (!lacks(stream, subscription, name)) dirty.delete(name);
  if (dirty.size + asked.size + owed.size > 0 || answerDue) {
    const resources = fullContent(stream, subscription);
    if (resources === undefined) return undefined;
    if (answerDue || !hasOnlyHeldBack(stream, subscription)) return { resources, removed: [] };
  }
  const trial = nextTrial(stream, subscription);
  const resources = trial.size === 0 ? undefined : fullContent(stream, subscription, trial);
  return resources && { resources, removed: [] };
}

/** With the newest of the names that are on trial, whether it was rejected or not. Undefined: it must wait. */
function fullContent(
  stream: XdsStream,
  subscription: Subscription,
  trial: ReadonlySet<string> = new Set(),
): Resource[] | undefined {
  const { type, names, leaving, rejected, sent } = subscription;
  const isWhole = isWildcard(subscription);
  if (isWhole && names.size + leaving.size + rejected.size === 0)
    return withHeldBack(stream, subscription, [...snapshotOfStream(stream).types[type].resources.values()]);
  const all = isWhole ? snapshotOfStream(stream).types[type].resources.keys() : [];
  // A listener that the client may hold from an earlier stream, in bytes that are not known, just goes.
  const staying = [...leaving.keys()].filter(
    (name) => type !== "listener" || sent.get(name)?.isFromBefore !== true,
  );
  const wanted = new Set([...all, ...names, ...staying]);
  const contentOf = (name: string) =>
    trial.has(name) ? current(stream, type, name) : served(stream, subscription, name);
  const content = inOrder([...wanted].flatMap((name) => contentOf(name) ?? []));
  return withHeldBack(stream, subscription, content);
}

/** Delta, and SotW of all other types: only what the client lacks, asked for or is owed. */
function draftPartial(stream: XdsStream, subscription: Subscription): Draft | undefined {
  return (
    draftOwed(stream, subscription) ?? draftAsked(stream, subscription) ?? draftTrial(stream, subscription)
  );
}

/** What was rejected among others, by itself. */
function draftTrial(stream: XdsStream, subscription: Subscription): Draft | undefined {
  const trial = nextTrial(stream, subscription);
  if (trial.size === 0) return undefined;
  const resources: Resource[] = [];
  const removed: string[] = [];
  for (const name of trial) {
    const resource = current(stream, subscription.type, name);
    if (resource === undefined) removed.push(name);
    else resources.push(resource);
  }
  return { resources: inOrder(resources), removed: removed.sort(compareStrings) };
}

/** A response of its own, so that the rejection of another resource does not take it along (rule 39). */
function draftOwed(stream: XdsStream, subscription: Subscription): Draft | undefined {
  const { type, owed, names } = subscription;
  if (owed.size === 0) return undefined;
  const resources: Resource[] = [];
  for (const name of owed) {
    if (isSuspect(stream, subscription, name)) continue;
    const isPushed = type === "endpoint" && names.size > 0;
    if (!isWanted(subscription, name) && !isPushed) {
      if (type !== "endpoint") owed.delete(name);
      continue;
    }
    const resource = owedContent(stream, subscription, name);
    if (resource !== undefined && isHeldBack(stream, resource)) continue;
    owed.delete(name);
    if (resource !== undefined) resources.push(resource);
  }
  return resources.length === 0 ? undefined : { resources: inOrder(resources), removed: [] };
}

function owedContent(stream: XdsStream, subscription: Subscription, name: string): Resource | undefined {
  const { type, acked, sent } = subscription;
  const resource = served(stream, subscription, name);
  if (resource !== undefined) return resource;
  const isBad = isRejected(stream, subscription, name);
  const retiring = snapshotOfStream(stream).retiring[type].get(name)?.resource;
  // What leaves may stay longer at this client than anywhere else.
  const last = isBad ? undefined : (retiring ?? sent.get(name)?.resource);
  if (last !== undefined) return last;
  // Its cluster must not wait for what will not come.
  return type === "endpoint" && !acked.has(name) ? emptyAssignment(name) : undefined;
}

function draftAsked(stream: XdsStream, subscription: Subscription): Draft | undefined {
  const { dirty, asked } = subscription;
  const isDelta = stream.protocol === "delta";
  for (const name of dirty) if (!lacks(stream, subscription, name)) dirty.delete(name);
  const resources: Resource[] = [];
  const removed: string[] = [];
  for (const name of new Set([...dirty, ...asked])) {
    if (isSuspect(stream, subscription, name)) continue;
    const resource = served(stream, subscription, name);
    if (resource !== undefined && isHeldBack(stream, resource)) continue;
    if (resource === undefined && asked.has(name) && followsListeners(stream, subscription)) continue;
    const isAsked = asked.delete(name);
    dirty.delete(name);
    const isCovered = isWanted(subscription, name);
    if (resource !== undefined && isCovered) resources.push(resource);
    else if (!isDelta || isRejected(stream, subscription, name)) continue;
    else if (isAsked) answerMissing(subscription, name, resources, removed);
  }
  if (resources.length + removed.length === 0 && !(isDelta && subscription.answerDue)) return undefined;
  return { resources: inOrder(resources), removed: removed.sort(compareStrings) };
}

/**
 * A listener that warms goes live when it is told that its table or secret is missing. One that is about to be removed
 * must be removed before that.
 */
function followsListeners(stream: XdsStream, { type }: Subscription): boolean {
  const { protocol, types } = stream;
  const { listener } = types;
  if (protocol !== "delta" || type === "cluster" || type === "endpoint") return false;
  return listener.interest !== "unasked" && droppable(stream, listener).length > 0;
}

/** A delta client asked for what does not exist: it is told at once, in the way that it understands (rules 29, 34, 36). */
function answerMissing(
  { type, names, sent, acked }: Subscription,
  name: string,
  resources: Resource[],
  removed: string[],
): void {
  if (type === "extensionConfig" && sent.has(name)) return;
  if (type === "route" && names.has(name)) resources.push(acked.get(name) ?? emptyRouteTable(name));
  else removed.push(name);
}

/** Notes a response as sent, and what must follow it. */
function record(stream: XdsStream, subscription: Subscription, draft: Draft): StreamResponse {
  const { type, sent, inflight, rejected } = subscription;
  const { resources, removed } = draft;
  const nonce = `${stream.streamId}-${++stream.count}`;
  const full = isFull(stream, type);
  const dependents = oweDependents(stream, subscription, resources);
  if (full) forgetAbsent(stream, subscription, resources);
  for (const resource of resources) {
    sent.set(resource.name, asSent(resource));
    for (const set of [subscription.dirty, subscription.asked, subscription.owed]) set.delete(resource.name);
    // What was acknowledged may be repeated instead of what was rejected.
    if (resource.digest === current(stream, type, resource.name)?.digest) rejected.delete(resource.name);
  }
  // Also where its former bytes were just repeated: the newest are still to come.
  if (full) for (const name of heldBackNames(stream, type)) subscription.dirty.add(name);
  for (const name of removed) {
    sent.delete(name);
    rejected.delete(name);
    subscription.leaving.delete(name);
  }
  subscription.answerDue = false;
  subscription.lastNonce = nonce;
  const { revision } = snapshotOfStream(stream);
  const version = versionOfContent(stream, subscription, resources);
  subscription.sentVersion = version;
  const byName = new Map(resources.map((resource) => [resource.name, resource]));
  inflight.set(nonce, { nonce, version, revision, resources: byName, removed, full });
  boundInflight(subscription);
  dependents();
  return { resourceType: type, typeUrl: typeUrls[type], nonce, version, revision, resources, removed };
}

/** Content that is not the snapshot's says so, so that no edge takes it for the snapshot. */
function versionOfContent(
  stream: XdsStream,
  subscription: Subscription,
  resources: readonly Resource[],
): string {
  const { type } = subscription;
  const snapshot = snapshotOfStream(stream).types[type];
  const isOverlaid =
    hasLeftOut(stream, subscription) ||
    resources.some(({ name, digest }) => snapshot.resources.get(name)?.digest !== digest) ||
    (isFull(stream, type) && isWildcard(subscription) && resources.length !== snapshot.resources.size);
  return isOverlaid ? `${snapshot.version}+${digestOfNames(resources).slice(0, 16)}` : snapshot.version;
}

/** SotW LDS and CDS: what a response lacks is deleted at the client (rule 16). */
function forgetAbsent(stream: XdsStream, subscription: Subscription, resources: readonly Resource[]): void {
  const { type, sent, dirty, asked, owed, leaving, rejected } = subscription;
  const present = new Set(resources.map(({ name }) => name));
  for (const map of [sent, leaving] as Map<string, unknown>[])
    for (const name of map.keys()) if (!present.has(name)) map.delete(name);
  for (const name of rejected.keys())
    if (!present.has(name) && current(stream, type, name) === undefined) rejected.delete(name);
  for (const set of [dirty, asked, owed]) set.clear();
}

function boundInflight({ inflight }: Subscription): void {
  if (inflight.size <= inflightMax) return;
  const [oldest, next] = inflight.values();
  if (oldest === undefined || next === undefined) return;
  inflight.delete(oldest.nonce);
  if (next.full) return;
  const resources = new Map([...oldest.resources, ...next.resources]);
  const removed = [...new Set([...oldest.removed, ...next.removed])].filter((name) => !resources.has(name));
  inflight.set(next.nonce, { ...next, resources, removed });
}

function inOrder(resources: Resource[]): Resource[] {
  return resources.sort(by(({ name }) => name));
}
