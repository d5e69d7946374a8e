/** What must be sent again although it did not change, since what refers to it is being sent (rules 39, 40, 43). */
import type { Reference, Resource, ResourceType } from "@routeledger/xds-model";
import type { SentResource } from "./sent-resource.ts";
import type { StreamOutput, TypedName } from "./stream-io.ts";
import { isWanted, type Subscription, type XdsStream } from "./stream-state.ts";

/**
 * Compares what is about to be written with what this stream was sent before. Returns what notes the dependents as
 * owed, to be called when the write is noted.
 */
export function oweDependents(
  stream: XdsStream,
  { type, sent }: Subscription,
  resources: readonly Resource[],
): () => void {
  if (type !== "cluster" && type !== "listener") return () => undefined;
  const owed: Reference[] = [];
  for (const resource of resources) {
    const before = sent.get(resource.name);
    if (before?.digest === resource.digest) continue;
    for (const reference of resource.references) {
      // A changed cluster warms again whatever refers in it; a listener waits only for what it newly refers to.
      if (reference.type === "endpoint" || !refersAlready(before, reference)) owed.push(reference);
    }
  }
  return () => {
    for (const other of Object.values(stream.types)) other.duplicateAllowed = true;
    for (const reference of owed) owe(stream, reference);
  };
}

/**
 * Of a response that was rejected a later one, still on its way, carries a resource again: only with that the client
 * takes it, and what follows it was written too early, with the rejected one.
 */
export function oweAgain(stream: XdsStream, { type, references }: Resource): void {
  if (type === "cluster" || type === "listener") for (const reference of references) owe(stream, reference);
}

/** On a stream of one type, what it owes and cannot send: once, for the streams that can (rule 41). */
export function takeOwedElsewhere(stream: XdsStream): StreamOutput[] {
  if (stream.resourceType === undefined) return [];
  const names: TypedName[] = [];
  for (const { type, owed } of Object.values(stream.types)) {
    if (type === stream.resourceType) continue;
    for (const name of owed) names.push({ type, name });
    owed.clear();
  }
  return names.length === 0 ? [] : [{ type: "owedElsewhere", names }];
}

function refersAlready(before: SentResource | undefined, { type, name, digest }: Reference): boolean {
  if (before === undefined || before.digest === "") return false;
  const references = before.resource?.references ?? [];
  return references.some((known) => known.type === type && known.name === name && known.digest === digest);
}

/**
 * Endpoints are owed before their subscription came; the others to those that subscribe, or may on this new stream
 * and then show the version that they hold (rule 31).
 */
const dependentTypes: ReadonlySet<ResourceType> = new Set(["endpoint", "route", "secret", "extensionConfig"]);

function owe(stream: XdsStream, { type, name }: Reference): void {
  const subscription = stream.types[type];
  if (!dependentTypes.has(type)) return;
  if (type === "endpoint" || subscription.interest === "unasked" || isWanted(subscription, name))
    subscription.owed.add(name);
}
