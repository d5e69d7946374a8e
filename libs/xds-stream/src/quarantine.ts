/**
 * What a client rejected, on one stream (rules 6, 7 and 73). Content that was rejected is in quarantine: it is not sent
 * again before it changes, and what was sent beside it goes on. Where nothing tells which of a response it was, all of
 * them are suspects. Those go once more, in groups that shrink, until the answers tell: other content than was rejected
 * every time, and of `n` suspects at most `2n` responses.
 */

import { isHeldBack } from "./addition.ts";
import { isFullType } from "./interest.ts";
import { isInUse } from "./leaving.ts";
import { current, holdsFromBefore, isRejected } from "./served.ts";
import type { Subscription, XdsStream } from "./stream-state.ts";

const nobody: ReadonlySet<string> = new Set();

/** Names of a type whose newest content the client rejected, sorted; also those that are yet to be tried again. */
export function quarantined(stream: XdsStream, subscription: Subscription): string[] {
  if (subscription.rejected.size === 0) return [];
  return [...subscription.rejected.keys()].filter((name) => isRejected(stream, subscription, name)).sort();
}

/** Whether the name will be sent, or removed, by a trial, so that nothing else need do it. */
export function isSuspect(stream: XdsStream, { type, rejected }: Subscription, name: string): boolean {
  const entry = rejected.get(name);
  // What left the snapshot meanwhile is on its way out.
  return entry?.standing === "suspect" && entry.digest === (current(stream, type, name)?.digest ?? "");
}

/**
 * The suspects that go next, without any others: those of one group. Where an answer may stay away, or stand for more
 * than one response, it is waited for; a delta client withholds those of clusters, and then gives each.
 */
export function nextTrial(stream: XdsStream, subscription: Subscription): ReadonlySet<string> {
  const { rejected, inflight, type } = subscription;
  if (rejected.size === 0 || holdsFromBefore(stream, subscription)) return nobody;
  const isEachAnswered = stream.protocol === "delta" && isFullType(type);
  if (inflight.size > 0 && !isEachAnswered) return nobody;
  let first = Number.POSITIVE_INFINITY;
  let names: string[] = [];
  for (const [name, { group }] of rejected) {
    if (group > first || !isSuspect(stream, subscription, name)) continue;
    const resource = current(stream, type, name);
    if (resource !== undefined && isHeldBack(stream, resource)) continue;
    if (group < first) names = [];
    first = group;
    names.push(name);
  }
  return new Set(names);
}

/**
 * Envoy takes nothing of a response in which one breaks the rules of its fields, so while that goes along all others
 * wait. When nothing can refer to it any more, it is left out and the others go.
 */
export function releaseOthers(stream: XdsStream, { type, rejected, dirty }: Subscription): void {
  const waiting = [...rejected].filter(([, { keeping }]) => keeping === "whileInUse");
  const guilty = waiting.filter(([, { standing }]) => standing === "guilty");
  if (waiting.length === 0 || type !== "cluster" || guilty.some(([name]) => isInUse(stream, name))) return;
  for (const [name, entry] of waiting) {
    if (entry.standing === "guilty") rejected.set(name, { ...entry, keeping: "no" });
    else if (rejected.delete(name)) dirty.add(name);
  }
}

/** The content of a name changed. Whom nothing but words accused is tried, should it come back. */
export function doubtGuess({ rejected }: Subscription, name: string): void {
  const entry = rejected.get(name);
  if (entry?.standing === "guess") rejected.set(name, { ...entry, standing: "suspect" });
}

/** Whether the client rejected some of what the snapshot has of a type, so that what it is sent is not the snapshot. */
export function hasLeftOut(stream: XdsStream, { type, rejected }: Subscription): boolean {
  for (const [name, { digest }] of rejected)
    if (digest !== "" && current(stream, type, name)?.digest === digest) return true;
  return false;
}
