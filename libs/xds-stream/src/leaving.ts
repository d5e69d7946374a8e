/** Make before break at one proxy: what left the snapshot goes only when nothing there refers to it (rules 49, 50). */
import { type Resource, type ResourceType, resourceTypes } from "@routeledger/xds-model";
import { snapshotOfStream } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import type { Subscription, XdsStream } from "./stream-state.ts";

export interface TypedName {
  readonly type: ResourceType;
  readonly name: string;
}

/**
 * Notes that names that the client may hold left the snapshot. For those that are retiring the grace begins, on a
 * timer of this stream; the others wait only until nothing refers to them.
 */
export function leave(stream: XdsStream, left: readonly TypedName[]): StreamOutput[] {
  const { retiring, retireGraceMs } = snapshotOfStream(stream);
  const graced: TypedName[] = [];
  for (const { type, name } of left) {
    const { leaving } = stream.types[type];
    if (leaving.has(name)) continue;
    // A listener is referred to by nothing, so keeping it would only keep its port open.
    const graceOver = type === "listener" || retireGraceMs === 0 || !retiring[type].has(name);
    leaving.set(name, { graceOver });
    if (!graceOver) graced.push({ type, name });
  }
  stream.gatesMoved ||= left.length > 0;
  if (graced.length === 0) return [];
  const id = `grace-${++stream.count}`;
  stream.graces.set(id, graced);
  return [{ type: "startTimer", id, delayMs: retireGraceMs }];
}

/** The grace of a timer is over. A name that came back and left again meanwhile has a timer of its own. */
export function endGrace(stream: XdsStream, id: string): StreamOutput[] {
  const graced = stream.graces.get(id) ?? [];
  stream.graces.delete(id);
  for (const { type, name } of graced) {
    const isLater = [...stream.graces.values()].some((others) =>
      others.some((other) => other.type === type && other.name === name),
    );
    const entry = stream.types[type].leaving.get(name);
    if (entry !== undefined && !isLater) entry.graceOver = true;
  }
  stream.gatesMoved = true;
  return [];
}

/** Names of a type that may go now, sorted. */
export function droppable(stream: XdsStream, { type, leaving, rejected }: Subscription): string[] {
  const over = [...leaving].filter(([name, { graceOver }]) => graceOver && rejected.get(name)?.digest !== "");
  if (over.length === 0) return [];
  const refersToAnything = type !== "listener" && type !== "route" && holdsUnknown(stream);
  if (refersToAnything) return [];
  const referred = namesHeld(stream, type);
  return over
    .map(([name]) => name)
    .filter((name) => !referred.has(name))
    .sort();
}

/** A route table or listener of an earlier stream that the client has not replaced yet may refer to any name. */
function holdsUnknown({ types }: XdsStream): boolean {
  return types.route.unknown.size > 0 || types.listener.unknown.size > 0;
}

/**
 * What is referred to by anything that the client may hold: acknowledged, not yet answered, or partly applied; and by
 * a route table that it may yet ask for, since a listener that it holds names it.
 */
function namesHeld(stream: XdsStream, type: ResourceType): Set<string> {
  const { types, retiring } = snapshotOfStream(stream);
  const names = new Set<string>();
  for (const resource of mayHold(stream)) {
    for (const reference of resource.references) {
      if (reference.type === type) names.add(reference.name);
      if (reference.type !== "route") continue;
      const table = types.route.resources.get(reference.name) ?? retiring.route.get(reference.name)?.resource;
      for (const further of table?.references ?? []) if (further.type === type) names.add(further.name);
    }
  }
  return names;
}

function* mayHold({ types }: XdsStream): Generator<Resource> {
  for (const type of resourceTypes) {
    const { acked, inflight, rejected } = types[type];
    yield* acked.values();
    for (const { resources } of inflight.values()) yield* resources.values();
    for (const { resource } of rejected.values()) if (resource !== undefined) yield resource;
  }
}
