/** SotW requests: the names of the latest one are the subscription, whatever its nonce says (rules 13, 19 to 24). */
import { takeAnswer } from "./answer.ts";
import { leave } from "./leaving.ts";
import { current, snapshotOfStream } from "./served.ts";
import type { SotwRequest, StreamOutput } from "./stream-io.ts";
import { forget, isFullType, type Subscription, type XdsStream } from "./stream-state.ts";
import { doubtClusters, isLegacyWildcardAllowed, markAllDirty, showVersion } from "./subscription.ts";

export function takeSotwRequest(
  stream: XdsStream,
  subscription: Subscription,
  request: SotwRequest,
): StreamOutput[] {
  const isFirst = !subscription.seen;
  const hasNewNames = takeNames(stream, subscription, request.resourceNames);
  if (isFirst) return takeFirst(stream, subscription, request);
  const { responseNonce, errorDetail } = request;
  const isAnswer = subscription.inflight.has(responseNonce);
  const outputs = takeAnswer(stream, subscription, { nonce: responseNonce, error: errorDetail });
  const isRepeated = responseNonce === subscription.lastNonce && subscription.inflight.size === 0;
  if (isRepeated && !isAnswer && !hasNewNames && errorDetail === undefined)
    outputs.push(...takeRepeated(stream, subscription));
  return outputs;
}

/** Returns whether the subscription changed. */
function takeNames(stream: XdsStream, subscription: Subscription, requested: readonly string[]): boolean {
  const { names, type } = subscription;
  const wanted = new Set(requested);
  const isStar = wanted.delete("*");
  const isLegacy = requested.length === 0 && !subscription.everNamed && isLegacyWildcardAllowed(stream, type);
  const wasWildcard = subscription.wildcard;
  subscription.seen = true;
  subscription.wildcard = isStar || isLegacy;
  subscription.everNamed ||= requested.length > 0;
  const removed = [...names].filter((name) => !wanted.has(name));
  const added = [...wanted].filter((name) => !names.has(name));
  for (const name of removed) names.delete(name);
  for (const name of added) {
    names.add(name);
    subscription.asked.add(name);
  }
  if (subscription.wildcard && !wasWildcard) {
    subscription.answerDue = isFullType(type);
    markAllDirty(stream, subscription);
  }
  if (!subscription.wildcard) {
    const dropped = wasWildcard
      ? [...subscription.sent.keys(), ...subscription.dirty].filter((name) => !names.has(name))
      : removed;
    for (const name of dropped) forget(subscription, name);
  }
  stream.gatesMoved ||= removed.length > 0;
  return added.length > 0 || removed.length > 0 || wasWildcard !== subscription.wildcard;
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
  const { type, names, wildcard, sent } = subscription;
  subscription.answerDue = isFullType(type) && (wildcard || names.size > 0);
  doubtClusters(stream);
  if (versionInfo === "") return [];
  showVersion(stream, versionInfo);
  for (const name of wildcard ? ["*"] : names) subscription.unknown.add(name);
  const snapshot = snapshotOfStream(stream);
  if (!wildcard || !isFullType(type)) return [];
  // What it holds may leave the snapshot before the first response is written.
  for (const [name, resource] of snapshot.types[type].resources)
    sent.set(name, { digest: "", nonce: "", resource });
  if (type !== "cluster" || versionInfo === snapshot.types.cluster.version) return [];
  const retiring = [...snapshot.retiring.cluster].filter(
    ([name]) => current(stream, type, name) === undefined,
  );
  for (const [name, { resource }] of retiring) sent.set(name, { digest: "", nonce: "", resource });
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

/** The interval after a repeated request that was answered is over. */
export function endDuplicateInterval(stream: XdsStream, subscription: Subscription): StreamOutput[] {
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
