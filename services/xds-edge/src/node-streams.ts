import type { Snapshot } from "@routeledger/xds-model";
import type { TypedName } from "@routeledger/xds-stream";
import type { StreamSession } from "./stream-session.ts";

/**
 * When endpoints are sent again to a client whose clusters come from another edge: nobody here knows when it takes them.
 * Milliseconds after the snapshot with the changed cluster.
 */
const againAfterMs = [250, 1_000, 4_000];

/**
 * The streams of each client, where it takes some types on streams of their own and the rest over ADS: what one of them
 * owes and does not carry, the aggregated one sends (rule 41).
 */
export class NodeStreams {
  readonly #byNode = new Map<string, Set<StreamSession>>();

  /** A stream whose node is known. */
  add(session: StreamSession): void {
    const key = keyOf(session);
    const streams = this.#byNode.get(key);
    if (streams === undefined) this.#byNode.set(key, new Set([session]));
    else streams.add(session);
  }

  delete(session: StreamSession): void {
    const key = keyOf(session);
    const streams = this.#byNode.get(key);
    streams?.delete(session);
    if (streams?.size === 0) this.#byNode.delete(key);
  }

  /** A stream said that the client needs these again, and does not carry them. */
  owe(from: StreamSession, names: readonly TypedName[]): void {
    for (const other of this.#byNode.get(keyOf(from)) ?? []) if (isAggregated(other)) other.owe(names);
  }

  /** A newer snapshot is offered to a stream: where no stream here carries the client's clusters, one elsewhere may. */
  offered(session: StreamSession, before: Snapshot | undefined, after: Snapshot): void {
    if (before === undefined || !takesEndpointsAlone(session)) return;
    if ([...(this.#byNode.get(keyOf(session)) ?? [])].some(takesClusters)) return;
    const names = assignmentsOfChanged(before, after);
    if (names.length === 0) return;
    for (const delayMs of againAfterMs) session.owe(names, delayMs);
  }
}

function keyOf({ nodeGroup, node }: StreamSession): string {
  return `${nodeGroup}\n${node?.id ?? ""}`;
}

/** On streams of one type a client opens a stream for what it needs, and asks: answering that is enough. */
function isAggregated({ state }: StreamSession): boolean {
  return state.resourceType === undefined;
}

function takesClusters({ state }: StreamSession): boolean {
  return state.types.cluster.interest !== "unasked";
}

function takesEndpointsAlone(session: StreamSession): boolean {
  return isAggregated(session) && !takesClusters(session) && session.state.types.endpoint.names.size > 0;
}

function assignmentsOfChanged(before: Snapshot, after: Snapshot): TypedName[] {
  const names: TypedName[] = [];
  const old = before.types.cluster.resources;
  for (const [name, { digest, references }] of after.types.cluster.resources) {
    if (old.get(name)?.digest === digest) continue;
    for (const reference of references) if (reference.type === "endpoint") names.push(reference);
  }
  return names;
}
