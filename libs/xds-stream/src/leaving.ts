/** Make before break at one proxy: what left the snapshot goes only when nothing there refers to it (rules 49, 50). */
import { by } from "@routeledger/std";
import { type Resource, type ResourceType, resourceTypes } from "@routeledger/xds-model";
import { snapshotOfStream } from "./served.ts";
import type { StreamOutput } from "./stream-io.ts";
import type { Subscription, XdsStream } from "./stream-state.ts";

export interface TypedName {
  readonly type: ResourceType;
  readonly name: string;
}

/** A name that left the snapshot. */
export interface Leaving {
  graceOver: boolean;
  /** What refers to it, as far as that was asked: only once the grace is over. Sorted. */
  waitsFor: readonly TypedName[];
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
    leaving.set(name, { graceOver, waitsFor: [] });
    if (!graceOver) graced.push({ type, name });
  }
  stream.gatesMoved ||= left.length > 0;
  if (graced.length === 0) return [];
  const id = `grace-${++stream.count}`;
  stream.graces.set(id, graced);
  return [{ type: "startTimer", id, delayMs: retireGraceMs }];
}

/** Names that are asked for while they retire: the client gets them, for as long as their grace lasts (rule 31). */
export function leaveAsked(
  stream: XdsStream,
  { type, asked }: Subscription,
  names: readonly string[],
): StreamOutput[] {
  const { types, retiring } = snapshotOfStream(stream);
  if (retiring[type].size === 0) return [];
  const left = names.filter(
    (name) => asked.has(name) && retiring[type].has(name) && !types[type].resources.has(name),
  );
  return leave(
    stream,
    left.map((name) => ({ type, name })),
  );
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

/** Names of a type that may go now, sorted. Of those whose grace is over, notes what they still wait for. */
export function droppable(stream: XdsStream, { type, leaving, rejected }: Subscription): string[] {
  const over = [...leaving].filter(([name, { graceOver }]) => graceOver && rejected.get(name)?.digest !== "");
  if (over.length === 0) return [];
  const unknown = type === "listener" || type === "route" ? [] : unknownHeld(stream);
  const names = new Set(over.map(([name]) => name));
  const referring = unknown.length > 0 ? undefined : referringTo(stream, type, names);
  const free: string[] = [];
  for (const [name, entry] of over) {
    entry.waitsFor = referring === undefined ? unknown : inOrder(referring.get(name));
    if (entry.waitsFor.length === 0) free.push(name);
  }
  return free.sort();
}

/** A route table or listener of an earlier stream that the client has not replaced yet may refer to any name. */
function unknownHeld({ types }: XdsStream): TypedName[] {
  return (["listener", "route"] as const).flatMap((type) =>
    [...types[type].unknown].sort().map((name) => ({ type, name })),
  );
}

/**
 * Whether a cluster may serve requests at the client: something refers to it in the snapshot, or may at the client, or
 * that is not known yet.
 */
export function isInUse(stream: XdsStream, cluster: string): boolean {
  const { listener, route } = snapshotOfStream(stream).types;
  if (stream.types.listener.interest === "unasked" || unknownHeld(stream).length > 0) return true;
  const listeners = [...listener.resources.values()];
  const named = listeners.flatMap(({ references }) => references.filter(({ type }) => type === "route"));
  const tables = named.flatMap(({ name }) => route.resources.get(name) ?? []);
  const isNamed = [...listeners, ...tables].some(({ references }) =>
    references.some(({ type, name }) => type === "cluster" && name === cluster),
  );
  return isNamed || referringTo(stream, "cluster", new Set([cluster])).size > 0;
}

function inOrder(names: readonly TypedName[] = []): readonly TypedName[] {
  const unique = new Map(names.map((each) => [`${each.type} ${each.name}`, each]));
  return [...unique].sort(by(([key]) => key)).map(([, { type, name }]) => ({ type, name }));
}

/**
 * What refers to names of a type, of all that the client may hold: acknowledged, not yet answered, or partly applied;
 * and of route tables that it may yet ask for, since a listener that it holds names them.
 */
function referringTo(
  stream: XdsStream,
  type: ResourceType,
  names: ReadonlySet<string>,
): Map<string, TypedName[]> {
  const { types, retiring } = snapshotOfStream(stream);
  const referring = new Map<string, TypedName[]>();
  const note = (referrer: Resource) => {
    for (const reference of referrer.references) {
      if (reference.type !== type || !names.has(reference.name)) continue;
      const known = referring.get(reference.name);
      if (known === undefined) referring.set(reference.name, [referrer]);
      else known.push(referrer);
    }
  };
  for (const resource of mayHold(stream)) {
    note(resource);
    for (const reference of resource.references) {
      if (reference.type !== "route") continue;
      const table = types.route.resources.get(reference.name) ?? retiring.route.get(reference.name)?.resource;
      if (table !== undefined) note(table);
    }
  }
  return referring;
}

function* mayHold({ types }: XdsStream): Generator<Resource> {
  for (const type of resourceTypes) {
    const { acked, inflight, doubtful } = types[type];
    yield* acked.values();
    for (const { resources } of inflight.values()) yield* resources.values();
    for (const resources of doubtful.values()) yield* resources;
  }
}
