import { type ConfigState, declaredKinds, type KindInfo, kindKey } from "@routeledger/config-model";
import type { ConfigDoor } from "./config-door.ts";
import { kindInfo, kindNamed, knownByName } from "./kind-names.ts";

/**
 * The kinds beside the known ones: those that Extensions of a state declare, and those that it has objects of, whose
 * Extension is gone. Sorted by group and kind.
 */
export function stateKinds(state: ConfigState): KindInfo[] {
  const versions = new Map<string, Set<string>>();
  const add = (key: string, version: string) =>
    versions.set(key, (versions.get(key) ?? new Set()).add(version));
  for (const { group, version, kind } of declaredKinds(state)) add(kindKey(group, kind), version);
  for (const [key, byNamespace] of state.objects) {
    const [byName] = byNamespace.values();
    const [object] = byName?.values() ?? [];
    if (object !== undefined && kindInfo(object) === undefined && !versions.has(key))
      add(key, object.version);
  }
  return [...versions.keys()].sort().map((key) => {
    const slash = key.lastIndexOf("/");
    return freeKind(key.slice(0, slash), key.slice(slash + 1), [...(versions.get(key) ?? [])].sort());
  });
}

/** Kubernetes asks a CRD for its plural; nobody says one here. */
function freeKind(group: string, kind: string, versions: readonly string[]): KindInfo {
  const singular = kind.toLowerCase();
  const storageVersion = versions[0] ?? "";
  const words = { plural: `${singular}s`, singular, shortNames: [] };
  return { group, kind, versions, storageVersion, scope: "Namespaced", ...words };
}

/** A kind by any of its names, also one that only the state knows. @throws Failure `unknownKind` */
export async function findKind(word: string, door: ConfigDoor): Promise<KindInfo> {
  return knownByName(word) ?? kindNamed(word, stateKinds(await newestState(door)));
}

/** The kind of an object, also one that only the state knows; undefined where nobody does. */
export async function findKindInfo(
  ref: { readonly group: string; readonly kind: string },
  door: ConfigDoor,
): Promise<KindInfo | undefined> {
  const known = kindInfo(ref);
  if (known !== undefined) return known;
  return stateKinds(await newestState(door)).find(
    ({ group, kind }) => group === ref.group && kind === ref.kind,
  );
}

/** While the log is out of reach, what was read before it was is the newest. */
async function newestState(door: ConfigDoor): Promise<ConfigState> {
  return door.caughtUp().then(
    ({ state }) => state,
    () => door.state,
  );
}
