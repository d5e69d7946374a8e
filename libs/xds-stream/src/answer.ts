/** ACK and NACK of a response (rules 5 to 8). */

import { heldDigest, noteApart } from "./held-digest.ts";
import { takeOwedElsewhere } from "./owed.ts";
import { type ClientError, nacked } from "./rejection.ts";
import type { StreamOutput } from "./stream-io.ts";
import { doubtfulMax, type Inflight, isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

export interface Answer {
  readonly nonce: string;
  /** Undefined for an ACK: nothing else tells them apart (rule 5). */
  readonly error: ClientError | undefined;
}

/** Takes the answer to a response that is in flight; an answer to any other nonce says nothing (rules 19 and 28). */
export function takeAnswer(stream: XdsStream, subscription: Subscription, answer: Answer): StreamOutput[] {
  const answered = subscription.inflight.get(answer.nonce);
  if (answered === undefined) return [];
  stream.gatesMoved = true;
  let isDoubtful = false;
  for (const [nonce, older] of subscription.inflight) {
    if (nonce === answer.nonce) break;
    subscription.inflight.delete(nonce);
    // Responses are processed in order: what came before and was not rejected was taken or superseded. But of LDS and
    // CDS a SotW client withholds answers, then gives only the last, with the error of any of them.
    if (older.full) {
      isDoubtful = true;
      doubt(subscription, older);
    } else confirm(stream, subscription, older);
  }
  subscription.mayHoldMore ||= isDoubtful;
  subscription.inflight.delete(answer.nonce);
  if (answer.error !== undefined) doubt(subscription, answered);
  const fact =
    answer.error === undefined
      ? acked(stream, subscription, answered)
      : nacked(stream, subscription, answered, answer.error, isDoubtful);
  return [fact, ...takeOwedElsewhere(stream)];
}

/** A rejected response may be taken in part, or whole (rule 8). */
function doubt({ doubtful }: Subscription, { resources }: Inflight): void {
  for (const [name, resource] of resources) {
    const before = (doubtful.get(name) ?? []).filter(({ digest }) => digest !== resource.digest);
    doubtful.set(name, [...before.slice(1 - doubtfulMax), resource]);
  }
}

function acked(stream: XdsStream, subscription: Subscription, answered: Inflight): StreamOutput {
  const { nonce, version, revision } = answered;
  confirm(stream, subscription, answered);
  subscription.ackedVersion = version;
  subscription.ackedRevision = revision;
  if (subscription.rejected.size === 0) subscription.rejectedVersion = "";
  const fact = {
    resourceType: subscription.type,
    nonce,
    version,
    revision,
    heldDigest: heldDigest(stream, subscription),
  };
  return { type: "acked", fact };
}

function confirm(
  stream: XdsStream,
  subscription: Subscription,
  { resources, removed, full }: Inflight,
): void {
  const { acked: held, unknown, doubtful, rejected, type } = subscription;
  const now = stream.snapshot?.types[type].resources;
  for (const [name, resource] of resources) {
    if (!isWanted(subscription, name) && type !== "endpoint") continue;
    held.set(name, resource);
    noteApart(subscription, now, name);
    unknown.delete(name);
    doubtful.delete(name);
    if (rejected.get(name)?.digest === resource.digest) rejected.delete(name);
  }
  for (const name of removed) {
    held.delete(name);
    noteApart(subscription, now, name);
    unknown.delete(name);
    doubtful.delete(name);
    if (rejected.get(name)?.digest === "") rejected.delete(name);
  }
  if (!full) return;
  doubtful.clear();
  subscription.mayHoldMore = false;
  for (const name of held.keys()) {
    if (resources.has(name)) continue;
    held.delete(name);
    noteApart(subscription, now, name);
  }
  for (const [name, entry] of rejected)
    if (!resources.has(name)) rejected.set(name, { ...entry, resource: undefined });
  unknown.clear();
}
