import type { JsonObject, Revision } from "@routeledger/std";
import type { ConfigEvent, ObjectChange } from "./config-event.ts";
import { type ConfigObject, type ConfigState, kindKey, type ObjectIndex } from "./config-state.ts";

/**
 * Folds one event. Pure and total: it accepts whatever the log holds, since what was let in once stays in.
 * A kind that only translators write is ignored when its term is below the highest one started (P8).
 */
export function evolve(state: ConfigState, event: ConfigEvent): ConfigState {
  const next = {
    ...state,
    revision: event.revision,
    timeMs: Math.max(state.timeMs, event.timeMs),
  };
  const { fact } = event;
  switch (fact.type) {
    case "changeSet":
      return { ...next, objects: withChanges(state.objects, fact.changes, event.revision) };
    case "termStarted":
      return { ...next, term: Math.max(state.term, fact.term) };
    case "translatorActivated":
      if (event.term < state.term) return next;
      return { ...next, translator: { version: fact.version, retireGraceMs: fact.retireGraceMs } };
    case "eventSkipped":
    case "storeConfirmed":
    case "logAdopted":
    case "checkpoint":
      return next;
  }
}

function withChanges(objects: ObjectIndex, changes: readonly ObjectChange[], at: Revision): ObjectIndex {
  const next = new Map(objects);
  const owned = new Map<string, Map<string, Map<string, ConfigObject>>>();
  for (const change of changes) {
    const key = kindKey(change.group, change.kind);
    let byNamespace = owned.get(key);
    if (byNamespace === undefined) {
      byNamespace = new Map(next.get(key) as Map<string, Map<string, ConfigObject>> | undefined);
      owned.set(key, byNamespace);
      next.set(key, byNamespace);
    }
    applyChange(byNamespace, change, at, objects.get(key)?.get(change.namespace));
    if (byNamespace.size === 0) next.delete(key);
    else next.set(key, byNamespace);
  }
  return next;
}

/** Copies the namespace's map once: while it is still the one of the state before. */
function applyChange(
  byNamespace: Map<string, Map<string, ConfigObject>>,
  change: ObjectChange,
  at: Revision,
  before: ReadonlyMap<string, ConfigObject> | undefined,
): void {
  let byName = byNamespace.get(change.namespace);
  if (byName === undefined || byName === before) byName = new Map(byName);
  byNamespace.set(change.namespace, byName);
  if (change.type === "deleted") byName.delete(change.name);
  else byName.set(change.name, configObject(change, at));
  if (byName.size === 0) byNamespace.delete(change.namespace);
}

/** Builds the object that an applied change puts into the state. */
export function configObject(change: Extract<ObjectChange, { type: "applied" }>, at: Revision): ConfigObject {
  const { group, version, kind, namespace, name, json, source } = change;
  return { group, version, kind, namespace, name, json, source, object: parseObject(json), revision: at };
}

function parseObject(json: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch {
    // Whatever the log holds is accepted; what is no JSON is an object without fields.
  }
  return {};
}
