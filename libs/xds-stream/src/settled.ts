import { resourceTypes } from "@routeledger/xds-model";
import { snapshotOfStream } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import { isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

/**
 * Says that the client has acknowledged the newest snapshot of a type of which nothing had to be sent, since it
 * held all of it already: on a new stream, or when what was retiring is referred to again. Digests decide what was
 * acknowledged, and without this nobody would record it. Each version is told once.
 */
export function settledTypes(stream: XdsStream): StreamOutput[] {
  return resourceTypes.flatMap((type) => {
    const subscription = stream.types[type];
    const { version, digest } = snapshotOfStream(stream).types[type];
    if (baseVersion(subscription.ackedVersion) === version || !isSettled(stream, subscription)) return [];
    const { revision } = snapshotOfStream(stream);
    subscription.ackedVersion = version;
    subscription.ackedRevision = revision;
    const fact = { resourceType: type, nonce: subscription.lastNonce, version, revision, heldDigest: digest };
    return [{ type: "acked", fact }];
  });
}

/** Nothing is under way, and all that the snapshot has of the type was acknowledged with the same bytes. */
function isSettled(stream: XdsStream, subscription: Subscription): boolean {
  const { type, interest, inflight, dirty, asked, owed, rejected, acked, answerDue } = subscription;
  const waiting = inflight.size + dirty.size + asked.size + owed.size + rejected.size;
  if (interest === "unasked" || answerDue || waiting > 0) return false;
  const { resources } = snapshotOfStream(stream).types[type];
  for (const [name, { digest }] of resources) {
    if (!isWanted(subscription, name) || acked.get(name)?.digest !== digest) return false;
  }
  return true;
}

/** Without `+<digest>`, which says that the content had more than the snapshot. */
function baseVersion(version: string): string {
  const plus = version.indexOf("+");
  return plus < 0 ? version : version.slice(0, plus);
}
