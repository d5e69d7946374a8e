import { by, inOrder, type JsonObject, type JsonValue } from "@routeledger/std";
import { type ConfigObject, type ConfigState, objectsOfKind } from "./config-state.ts";
import type { GroupVersionKind } from "./schema/catalog.ts";
import { type KindList, kindLists } from "./schema/own/kind-lists.ts";

/** One item of a list of an Extension: the objects of that kind are let in, and may be used as the list says. */
export interface DeclaredKind extends GroupVersionKind {
  /** The Extension's name. */
  readonly extension: string;
  readonly list: KindList;
}

/** All Extensions of a state, by name. In which order they are asked is for the translation. */
export function extensionsOf(state: ConfigState): ConfigObject[] {
  return objectsOfKind(state, "routeledger.dev", "Extension");
}

/** The kinds that the Extensions of a state declare, sorted by group, kind, extension and list. */
export function declaredKinds(state: ConfigState): readonly DeclaredKind[] {
  return extensionsOf(state)
    .flatMap(({ object }) => declaredIn(object))
    .sort(
      inOrder(
        by(({ group }) => group),
        by(({ kind }) => kind),
        by(({ extension }) => extension),
        by(({ list }) => list),
      ),
    );
}

/** The kinds that one Extension declares, in its order. What is no kind is left out: what was let in once stays in. */
export function declaredIn(extension: JsonObject): DeclaredKind[] {
  const name = String(member(extension.metadata, "name") ?? "");
  return kindLists.flatMap((list) => {
    const items = member(extension.spec, list);
    return (Array.isArray(items) ? items : []).flatMap((item): DeclaredKind[] => {
      const [group, version, kind] = ["group", "version", "kind"].map((field) => member(item, field));
      if (typeof group !== "string" || typeof version !== "string" || typeof kind !== "string") return [];
      return [{ group, version, kind, extension: name, list }];
    });
  });
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value[name] : undefined;
}
