import { type JsonObject, type Revision, SortedMap } from "@routeledger/std";
import type { ObjectChange } from "./config-event.ts";
import { type ConfigObject, kindKey, type ObjectIndex, type ObjectsByName } from "./config-state.ts";
import type { ObjectRef } from "./object-ref.ts";

/** What becomes of an object: undefined takes it out. */
export interface ObjectEdit extends ObjectRef {
  readonly object: ConfigObject | undefined;
}

/** The objects with these edits; what no edit names is the same instance. */
export function withObjects(objects: ObjectIndex, edits: readonly ObjectEdit[]): ObjectIndex {
  const byKind = Map.groupBy(edits, ({ group, kind }) => kindKey(group, kind));
  return objects.with(
    [...byKind].map(([kind, ofKind]): [string, SortedMap<ObjectsByName> | undefined] => {
      const namespaces = objects.get(kind) ?? SortedMap.empty<ObjectsByName>();
      const byNamespace = Map.groupBy(ofKind, ({ namespace }) => namespace);
      const next = namespaces.with(
        [...byNamespace].map(([namespace, own]) => {
          const known = namespaces.get(namespace) ?? SortedMap.empty<ConfigObject>();
          return [namespace, unlessEmpty(known.with(own.map(({ name, object }) => [name, object])))];
        }),
      );
      return [kind, unlessEmpty(next)];
    }),
  );
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
