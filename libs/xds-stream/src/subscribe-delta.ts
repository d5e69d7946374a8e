/** Delta requests: names come and go whatever the nonce says, and what is asked for is answered (rules 26 to 31, 37). */
import { takeAnswer } from "./answer.ts";
import { type DeltaNames, deltaInterests, emptyNames, isWildcard } from "./interest.ts";
import { leave, leaveAsked, type TypedName } from "./leaving.ts";
import { asSent, fromBefore } from "./sent-resource.ts";
import { current, snapshotOfStream } from "./served.ts";
import type { DeltaRequest, StreamOutput } from "./stream-io.ts";
import { forget, isWanted, type Subscription, type XdsStream } from "./stream-state.ts";
import { digestOfVersion, doubtClusters, markAllDirty, sharedName, showVersion } from "./subscription.ts";

export function takeDeltaRequest(
  stream: XdsStream,
  subscription: Subscription,
  request: DeltaRequest,
): StreamOutput[] {
  const { resourceNamesSubscribe: subscribe, responseNonce: nonce, errorDetail: error } = request;
  const { type } = subscription;
  const isFirst = subscription.interest === "unasked";
  takeNames(stream, subscription, request);
  const outputs = isFirst ? seed(stream, subscription, request.initialResourceVersions) : [];
  const isRepeatedStar = !isFirst && subscribe.includes("*");
  for (const name of isRepeatedStar ? subscription.sent.keys() : []) subscription.asked.add(name);
  for (const name of subscribe) {
    if (name === "*" || (isFirst && isHeld(stream, subscription, name))) continue;
    subscription.asked.add(name);
  }
  outputs.push(...leaveAsked(stream, subscription, subscribe));
  // Later first requests, of other types, know no more of clusters than these two.
  if (isFirst && (type === "cluster" || type === "endpoint")) outputs.push(...doubtClusters(stream));
  outputs.push(...takeAnswer(stream, subscription, { nonce, error }));
  return outputs;
}

/** Names count whatever the nonce and the error say (rules 6 and 28). */
function takeNames(
  stream: XdsStream,
  subscription: Subscription,
  { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe }: DeltaRequest,
): void {
  for (const name of unsubscribe) takeUnsubscribe(stream, subscription, name);
  if (subscribe.length === 0) turn(stream, subscription, emptyNames(stream, subscription.type));
  for (const name of subscribe) {
    if (name !== "*") subscription.names.add(sharedName(stream, subscription, name));
    turn(stream, subscription, name === "*" ? "star" : "name");
  }
}

function turn(stream: XdsStream, subscription: Subscription, change: DeltaNames): void {
  const wasWildcard = isWildcard(subscription);
  subscription.interest = deltaInterests[subscription.interest][change];
  if (!isWildcard(subscription) || (wasWildcard && change !== "star")) return;
  subscription.answerDue = true;
  markAllDirty(stream, subscription);
}

function takeUnsubscribe(stream: XdsStream, subscription: Subscription, name: string): void {
  const { names, sent, dirty } = subscription;
  stream.gatesMoved = true;
  if (name === "*") {
    turn(stream, subscription, names.size === 0 ? "starGone" : "starGoneNamed");
    for (const known of [...sent.keys(), ...dirty]) if (!names.has(known)) forget(subscription, known);
    return;
  }
  if (!names.delete(name)) return;
  if (names.size === 0) turn(stream, subscription, "lastNameGone");
  // The client cannot tell whether the wildcard still covers it: it is told (rule 30).
  if (isWildcard(subscription)) subscription.asked.add(name);
  else forget(subscription, name);
}

/**
 * Takes what the client shows that it holds (rule 31). Endpoints are taken for not held: a cluster that warms again
 * shows the version of its former assignment.
 */
function seed(
  stream: XdsStream,
  subscription: Subscription,
  versions: Readonly<Record<string, string>>,
): StreamOutput[] {
  const { type, sent, acked, unknown, dirty } = subscription;
  const gone: TypedName[] = [];
  for (const [name, version] of Object.entries(versions)) {
    showVersion(stream, version);
    if (type === "endpoint" || !isWanted(subscription, name)) continue;
    const now = current(stream, type, name);
    const known = now ?? snapshotOfStream(stream).retiring[type].get(name)?.resource;
    const isEqual = known !== undefined && digestOfVersion(version) === known.digest.slice(0, 16);
    sent.set(name, isEqual ? asSent(known) : fromBefore(known));
    if (isEqual) acked.set(name, known);
    else unknown.add(name);
    if (now === undefined) gone.push({ type, name });
    else dirty.add(name);
  }
  subscription.apart = undefined;
  return leave(stream, gone);
}

/** A seed that needs no answer: current, or on its way out in its own time. */
function isHeld(stream: XdsStream, { type, sent }: Subscription, name: string): boolean {
  const known = sent.get(name);
  const now = current(stream, type, name);
  return known !== undefined && (now === undefined || known.digest === now.digest);
}
