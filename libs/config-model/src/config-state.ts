import { compareStrings, type JsonObject, type Revision, revision, SortedMap } from "@routeledger/std";
import type { AnswerIndex } from "./extension-answer.ts";
import type { ObjectRef } from "./object-ref.ts";
import type { GenerationIndex, OpenSwitch } from "./open-switch.ts";

/** An object as the log holds it. Immutable; two states that hold the same instance hold the same object. */
export interface ConfigObject extends ObjectRef {
  readonly version: string;
  /** RFC 8785 canonical JSON, exactly as in the log. */
  readonly json: string;
  /** The same, parsed; never written to. Untrusted: an older schema may have let it in. */
  readonly object: JsonObject;
  /** What owns it: "cli", "folder/<id>/<path>". */
  readonly source: string;
  /** The revision that last wrote it. */
  readonly revision: Revision;
}

/** The objects of one kind in one namespace, by name. */
export type ObjectsByName = SortedMap<ConfigObject>;

/** `group/Kind`, then namespace, then name. No map of it is empty. */
export type ObjectIndex = SortedMap<SortedMap<ObjectsByName>>;

/** Of which version the published bytes are, and how long what retires is kept. */
export interface ActiveTranslator {
  readonly version: number;
  readonly retireGraceMs: number;
}

/** All objects, and what `evolve` must remember, at a revision. Immutable; states share structure. */
export interface ConfigState {
  readonly revision: Revision;
  /** Time of the last event, milliseconds since 1970. Never goes back. */
  readonly timeMs: number;
  /** The highest term that was started. */
  readonly term: number;
  readonly translator: ActiveTranslator | undefined;
  readonly objects: ObjectIndex;
  /** What extension servers said. */
  readonly answers: AnswerIndex;
  /** Of the clusters that were ever switched. */
  readonly clusterGenerations: GenerationIndex;
  /** The prepared switch that is under way. */
  readonly openSwitch: OpenSwitch | undefined;
}

/** Before the first event. */
export const emptyConfigState: ConfigState = {
  revision: revision(0, 0),
  timeMs: 0,
  term: 0,
  translator: undefined,
  objects: SortedMap.empty(),
  answers: SortedMap.empty(),
  clusterGenerations: SortedMap.empty(),
  openSwitch: undefined,
};

export function kindKey(group: string, kind: string): string {
  return `${group}/${kind}`;
}

export function getObject(state: ConfigState, ref: ObjectRef): ConfigObject | undefined {
  return state.objects.get(kindKey(ref.group, ref.kind))?.get(ref.namespace)?.get(ref.name);
}

/** All objects of a kind, in every namespace or in one, sorted by namespace and name. */
export function objectsOfKind(
  state: ConfigState,
  group: string,
  kind: string,
  namespace?: string,
): ConfigObject[] {
  const byNamespace = state.objects.get(kindKey(group, kind));
  if (byNamespace === undefined) return [];
  const found: ConfigObject[] = [];
  if (namespace !== undefined) found.push(...(byNamespace.get(namespace)?.values() ?? []));
  else for (const byName of byNamespace.values()) found.push(...byName.values());
  return found.sort((a, b) => compareStrings(a.namespace, b.namespace) || compareStrings(a.name, b.name));
}

/** All objects, sorted by group, kind, namespace, name. */
export function allObjects(state: ConfigState): ConfigObject[] {
  return [...state.objects.keys()].sort(compareStrings).flatMap((key) => {
    const slash = key.lastIndexOf("/");
    return objectsOfKind(state, key.slice(0, slash), key.slice(slash + 1));
  });
}
