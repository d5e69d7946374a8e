/** SotW requests: the names of the latest one are the subscription, whatever its nonce says (rules 13, 19 to 24). */

import type { ResourceType } from "@routeledger/xds-model";
import { takeAnswer } from "./answer.ts";
import { emptyNames, isFullType, isWildcard, sotwInterests } from "./interest.ts";
import { leave, leaveAsked } from "./leaving.ts";
import { fromBefore } from "./sent-resource.ts";
import { current, snapshotOfStream } from "./served.ts";
import type { SotwRequest, StreamOutput } from "./stream-io.ts";
import { forget, type Subscription, type XdsStream } from "./stream-state.ts";
import { isOfNothing, markAllDirty, sharedName, showVersion } from "./subscription.ts";

export function takeSotwRequest(
  stream: XdsStream,
  subscription: Subscription,
  request: SotwRequest,
): StreamOutput[] {
  const isFirst = subscription.interest === "unasked";
  if (subscription.type === "cluster") stream.endsWarming = false;
  const isChanged = takeNames(stream, subscription, request.resourceNames);
  const kind = isFirst ? "first" : kindOf(subscription, request, isChanged);
  const outputs = isChanged ? leaveAsked(stream, subscription, request.resourceNames) : [];
  if (isFirst) outputs.push(...awaitClusterRequest(stream, subscription));
  return [...outputs, ...sotwRequests[kind](stream, subscription, request)];
}

/** What a SotW request is, once its names are taken. */
export type SotwRequestKind =
  /** Of its type on this stream. */
  | "first"
  /** It names a response that is in flight, without an error. */
  | "ack"
  /** The same, with an error: nothing else tells them apart (rule 5). */
  | "nack"
  /** It names the last response, which was answered before, and the same names. */
  | "repeated"
  /** Any other: other names, or a nonce that is not the last one's (rule 19). */
  | "plain";

/** What is done about each, beside taking its names. */
export const sotwRequests = {
  first: takeFirst,
  ack: answer,
  nack: answer,
  repeated: takeRepeated,
  plain: namesAlone,
} as const satisfies Record<
  SotwRequestKind,
  (stream: XdsStream, subscription: Subscription, request: SotwRequest) => StreamOutput[]
>;

function kindOf(
  { inflight, lastNonce }: Subscription,
  { responseNonce, errorDetail }: SotwRequest,
  isChanged: boolean,
): SotwRequestKind {
  if (inflight.has(responseNonce)) return errorDetail === undefined ? "ack" : "nack";
  const isLast = responseNonce === lastNonce && inflight.size === 0;
  return isLast && !isChanged && errorDetail === undefined ? "repeated" : "plain";
}

function answer(
  stream: XdsStream,
  subscription: Subscription,
  { responseNonce, errorDetail }: SotwRequest,
): StreamOutput[] {
  return takeAnswer(stream, subscription, { nonce: responseNonce, error: errorDetail });
}

function namesAlone(): StreamOutput[] {
  return [];
}

/** Returns whether the subscription changed. */
function takeNames(stream: XdsStream, subscription: Subscription, requested: readonly string[]): boolean {
  const { names, type } = subscription;
  const wanted = new Set(requested);
  const hasStar = wanted.delete("*");
  const wasWildcard = isWildcard(subscription);
  const shape = hasStar ? "star" : wanted.size > 0 ? "names" : emptyNames(stream, type);
  subscription.interest = sotwInterests[subscription.interest][shape];
  const removed = [...names].filter((name) => !wanted.has(name));
  const added = [...wanted].filter((name) => !names.has(name));
  for (const name of removed) names.delete(name);
  for (const requestedName of added) {
    const name = sharedName(stream, subscription, requestedName);
    names.add(name);
    subscription.asked.add(name);
  }
  if (isWildcard(subscription) && !wasWildcard) {
    subscription.answerDue = isFullType(type);
    markAllDirty(stream, subscription);
  }
  if (!isWildcard(subscription)) {
    const dropped = wasWildcard
      ? [...subscription.sent.keys(), ...subscription.dirty].filter((name) => !names.has(name))
      : removed;
    for (const name of dropped) forget(subscription, name);
  }
  stream.gatesMoved ||= removed.length > 0;
  return added.length > 0 || removed.length > 0 || wasWildcard !== isWildcard(subscription);
}

/**
 * The first request of a stream is always answered, whatever version it claims: the version is a hint of what the
 * client may still refer to, nothing more (rules 18 and 23).
 */
function takeFirst(
  stream: XdsStream,
  subscription: Subscription,
  { versionInfo }: SotwRequest,
): StreamOutput[] {
  const { type, names, sent } = subscription;
  const isWhole = isWildcard(subscription);
  subscription.answerDue = isFullType(type) && (isWhole || names.size > 0);
  if (versionInfo === "") return [];
  showVersion(stream, versionInfo);
  if (isOfNothing(versionInfo)) return [];
  for (const name of isWhole ? ["*"] : names) subscription.unknown.add(name);
  const snapshot = snapshotOfStream(stream);
  if (!isWhole || !isFullType(type)) return [];
  // What it holds may leave the snapshot before the first response is written.
  for (const [name, resource] of snapshot.types[type].resources) sent.set(name, fromBefore(resource));
  if (type !== "cluster" || versionInfo === snapshot.types.cluster.version) return [];
  const retiring = [...snapshot.retiring.cluster].filter(
    ([name]) => current(stream, type, name) === undefined,
  );
  for (const [name, { resource }] of retiring) sent.set(name, fromBefore(resource));
  return leave(
    stream,
    retiring.map(([name]) => ({ type, name })),
  );
}

/** Envoy says that it has a new watch on an old name: all names are sent again, at a bounded rate (rule 24). */
function takeRepeated(stream: XdsStream, subscription: Subscription): StreamOutput[] {
  if (subscription.names.size === 0 || subscription.asked.size + subscription.owed.size > 0) return [];
  if (subscription.duplicateAllowed) {
    subscription.duplicateAllowed = false;
    askAgain(subscription);
  } else {
    subscription.duplicateWaits = true;
  }
  return startDuplicateTimer(stream, subscription);
}

/**
 * While a cluster warms, Envoy sends no request for clusters on a new stream. One that is not there any more would wait
 * for its endpoints, which in SotW nothing can say to be missing, until Envoy gives up, and all clusters with it.
 */
function awaitClusterRequest(stream: XdsStream, { type }: Subscription): StreamOutput[] {
  const isAwaited = type === "endpoint" && stream.types.cluster.interest === "unasked";
  if (!isAwaited || stream.resourceType !== undefined) return [];
  return [{ type: "startTimer", id: "warming", delayMs: stream.gateDeadlineMs }];
}

/** That request did not come: endpoints that do not exist are said to be none. */
export function endUnknownWarming(stream: XdsStream): StreamOutput[] {
  const { cluster, endpoint } = stream.types;
  if (cluster.interest !== "unasked") return [];
  stream.endsWarming = true;
  for (const name of endpoint.names) endpoint.dirty.add(name);
  return [];
}

/** The interval after a repeated request that was answered is over. */
export function endDuplicateInterval(stream: XdsStream, id: string): StreamOutput[] {
  const subscription = stream.types[id.slice(id.indexOf("-") + 1) as ResourceType];
  subscription.duplicateTimer = false;
  if (!subscription.duplicateWaits) {
    subscription.duplicateAllowed = true;
    return [];
  }
  subscription.duplicateWaits = false;
  askAgain(subscription);
  return startDuplicateTimer(stream, subscription);
}

function askAgain({ names, asked }: Subscription): void {
  for (const name of names) asked.add(name);
}

function startDuplicateTimer(stream: XdsStream, subscription: Subscription): StreamOutput[] {
  if (subscription.duplicateTimer) return [];
  subscription.duplicateTimer = true;
  return [{ type: "startTimer", id: `duplicate-${subscription.type}`, delayMs: stream.duplicateIntervalMs }];
}
