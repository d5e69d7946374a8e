import { type JsonObject, type Revision, SortedMap } from "@routeledger/std";
import type { ConfigEvent, ObjectChange } from "./config-event.ts";
import {
  type ConfigObject,
  type ConfigState,
  kindKey,
  type ObjectIndex,
  type ObjectsByName,
} from "./config-state.ts";
import { withAnswers } from "./extension-answer.ts";

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
    case "extensionAnswers":
      if (event.term < state.term) return next;
      return { ...next, answers: withAnswers(state.answers, fact.answers) };
    case "eventSkipped":
    case "storeConfirmed":
    case "logAdopted":
    case "checkpoint":
      return next;
  }
}

function withChanges(objects: ObjectIndex, changes: readonly ObjectChange[], at: Revision): ObjectIndex {
  const byKind = Map.groupBy(changes, ({ group, kind }) => kindKey(group, kind));
  return objects.with(
    [...byKind].map(([kind, ofKind]): [string, SortedMap<ObjectsByName> | undefined] => {
      const namespaces = objects.get(kind) ?? SortedMap.empty<ObjectsByName>();
      const byNamespace = Map.groupBy(ofKind, ({ namespace }) => namespace);
      const next = namespaces.with(
        [...byNamespace].map(([namespace, own]) => {
          const known = namespaces.get(namespace) ?? SortedMap.empty<ConfigObject>();
          return [
            namespace,
            unlessEmpty(known.with(own.map((change) => [change.name, outcome(change, at)]))),
          ];
        }),
      );
      return [kind, unlessEmpty(next)];
    }),
  );
}

function outcome(change: ObjectChange, at: Revision): ConfigObject | undefined {
  return change.type === "deleted" ? undefined : configObject(change, at);
}

function unlessEmpty<V>(map: SortedMap<V>): SortedMap<V> | undefined {
  return map.size === 0 ? undefined : map;
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
