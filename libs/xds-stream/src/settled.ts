import { resourceTypes } from "@routeledger/xds-model";
import { heldDigest } from "./held-digest.ts";
import { isFullType } from "./interest.ts";
import { hasLeftOut, isSuspect } from "./quarantine.ts";
import { isRejected, snapshotOfStream } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import { isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

/**
 * Says that the client has acknowledged the newest snapshot of a type of which nothing had to be sent, since it
 * held all of it already: on a new stream, or when what was retiring is referred to again, or what it did not ask for
 * changed. A client that acknowledged nothing on this stream, and rejected something, has acknowledged the rest (rule
 * 73). Digests decide what was acknowledged, and without this nobody would record it. Each version is told once.
 */
export function settledTypes(stream: XdsStream): StreamOutput[] {
  return resourceTypes.flatMap((type) => {
    const subscription = stream.types[type];
    const { version, digest } = snapshotOfStream(stream).types[type];
    if (baseVersion(subscription.ackedVersion) === version) return [];
    const settled = isSettled(stream, subscription);
    if (settled === "no") return [];
    const { revision } = snapshotOfStream(stream);
    const held = settled === "whole" ? digest : heldDigest(stream, subscription);
    const said = hasLeftOut(stream, subscription) ? `${version}+${held.slice(0, 16)}` : version;
    subscription.ackedVersion = said;
    subscription.ackedRevision = revision;
    const fact = {
      resourceType: type,
      nonce: subscription.lastNonce,
      version: said,
      revision,
      heldDigest: held,
    };
    return [{ type: "acked", fact }];
  });
}

/**
 * Nothing is under way, and all that the snapshot has of the type was acknowledged with the same bytes: the whole, or what
 * is not in quarantine of what a client wants that chooses by name.
 */
function isSettled(stream: XdsStream, subscription: Subscription): "no" | "part" | "whole" {
  const { interest, names, inflight, dirty, asked, owed, rejected, acked, answerDue, ackedRevision } =
    subscription;
  if (interest === "unasked" || answerDue || inflight.size + asked.size + owed.size > 0) return "no";
  const isOut = (name: string): boolean =>
    ackedRevision === undefined &&
    rejected.size > 0 &&
    isRejected(stream, subscription, name) &&
    !isSuspect(stream, subscription, name);
  for (const name of dirty) if (!isOut(name)) return "no";
  const { resources } = snapshotOfStream(stream).types[subscription.type];
  const chooses = interest === "named" && isByName(stream, subscription);
  let isWhole = !chooses;
  for (const name of chooses ? names : resources.keys()) {
    const digest = resources.get(name)?.digest;
    if (digest === undefined || acked.get(name)?.digest === digest) continue;
    if (!isWanted(subscription, name) || !isOut(name)) return "no";
    isWhole = false;
  }
  return isWhole ? "whole" : "part";
}

/**
 * Whether the client wants some of the snapshot only, for good: one of a per-type service asks for each name on a stream of
 * its own (rule 41), gRPC for what its channels need (rule 60). An Envoy on an aggregated stream comes to want all.
 */
function isByName({ resourceType, node }: XdsStream, { type }: Subscription): boolean {
  const isGrpc = node?.userAgentName.toLowerCase().startsWith("grpc") === true;
  return isGrpc || (resourceType !== undefined && !isFullType(type));
}

/** Without `+<digest>`, which says that the content had more than the snapshot. */
function baseVersion(version: string): string {
  const plus = version.indexOf("+");
  return plus < 0 ? version : version.slice(0, plus);
}
