import { compareRevisions } from "@routeledger/std";
import { type Resource, resourceTypes, type Snapshot, type TypeSnapshot } from "@routeledger/xds-model";
import { noteApart } from "./held-digest.ts";
import { leave } from "./leaving.ts";
import { doubtGuess } from "./quarantine.ts";
import { fromBefore } from "./sent-resource.ts";
import type { StreamOutput } from "./stream-io.ts";
import { isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

/**
 * Takes the newest snapshot and marks what differs from the one before: the stream keeps no queue of snapshots,
 * so a newer one supersedes what was not written yet (rules 51 and 68). An older one is ignored (P6).
 */
export function takeSnapshot(stream: XdsStream, snapshot: Snapshot): StreamOutput[] {
  const before = stream.snapshot;
  if (before !== undefined && compareRevisions(snapshot.revision, before.revision) < 0) return [];
  stream.snapshot = snapshot;
  stream.gatesMoved = true;
  const left: { type: (typeof resourceTypes)[number]; name: string }[] = [];
  for (const type of resourceTypes) {
    const subscription = stream.types[type];
    for (const name of changedNames(before?.types[type], snapshot.types[type])) {
      noteApart(subscription, snapshot.types[type].resources, name);
      const exists = snapshot.types[type].resources.has(name);
      if (!exists) noteLastEdition(subscription, name, before?.types[type].resources.get(name));
      const isSent = subscription.sent.has(name);
      if (!isSent && !isWanted(subscription, name)) continue;
      doubtGuess(subscription, name);
      if (exists) subscription.leaving.delete(name);
      else if (isSent || subscription.names.has(name)) left.push({ type, name });
      // It came and went before it could be written, and the client waits for it.
      if (!exists && !isSent && subscription.dirty.has(name)) subscription.asked.add(name);
      if (exists || type === "route" || type === "endpoint") subscription.dirty.add(name);
    }
  }
  return leave(stream, left);
}

/** Of what the client holds, or may hold, from an earlier stream in an edition that is not known, the newest comes nearest. */
function noteLastEdition(
  { sent, unknown }: Subscription,
  name: string,
  resource: Resource | undefined,
): void {
  const known = sent.get(name);
  const isUnknown = known === undefined ? unknown.has("*") : known.isFromBefore;
  if (isUnknown && resource !== undefined) sent.set(name, fromBefore(resource));
}

const memo = new WeakMap<TypeSnapshot, { before: TypeSnapshot | undefined; names: readonly string[] }>();

/** Names whose bytes differ. The streams of a group share the answer: it costs the group once. */
export function changedNames(before: TypeSnapshot | undefined, after: TypeSnapshot): readonly string[] {
  if (before === after || before?.digest === after.digest) return [];
  const known = memo.get(after);
  if (known !== undefined && known.before === before) return known.names;
  const names: string[] = [];
  for (const [name, { digest }] of after.resources) {
    if (before?.resources.get(name)?.digest !== digest) names.push(name);
  }
  for (const name of before?.resources.keys() ?? []) if (!after.resources.has(name)) names.push(name);
  memo.set(after, { before, names });
  return names;
}
