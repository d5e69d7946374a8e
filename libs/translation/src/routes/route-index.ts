import { type ConfigObject, type ConfigState, kindKey } from "@routeledger/config-model";
import { by, sortedEntries } from "@routeledger/std";
import { gatewayGroup } from "../kinds.ts";
import { parentKey, parentRefsOf } from "./attach.ts";

type ObjectsByName = ReadonlyMap<string, ConfigObject>;

const known = new WeakMap<ObjectsByName, ReadonlyMap<string, readonly ConfigObject[]>>();

/**
 * The routes of a kind with a parentRef to one of some parents, sorted by namespace and name, each once.
 * @param parents keys of a Gateway and its ListenerSets
 */
export function routesNaming(state: ConfigState, kind: string, parents: readonly string[]): ConfigObject[] {
  const byNamespace = state.objects.get(kindKey(gatewayGroup, kind)) ?? new Map<string, ObjectsByName>();
  return sortedEntries(byNamespace).flatMap(([, routes]) => {
    const index = routesByParent(routes);
    const [first = [], ...others] = parents
      .map((parent) => index.get(parent))
      .filter((list) => list !== undefined);
    return others.length === 0 ? first : [...new Set([first, ...others].flat())].sort(by(({ name }) => name));
  });
}

/** A namespace's routes by the parents that they name. The same map gives the same lists. */
function routesByParent(routes: ObjectsByName): ReadonlyMap<string, readonly ConfigObject[]> {
  const indexed = known.get(routes);
  if (indexed !== undefined) return indexed;
  const index = new Map<string, ConfigObject[]>();
  for (const route of [...routes.values()].sort(by(({ name }) => name))) {
    for (const parent of parentsNamedBy(route)) {
      const list = index.get(parent);
      if (list === undefined) index.set(parent, [route]);
      else list.push(route);
    }
  }
  known.set(routes, index);
  return index;
}

const named = new WeakMap<ConfigObject, readonly string[]>();

/** Each parent once. */
function parentsNamedBy(route: ConfigObject): readonly string[] {
  let parents = named.get(route);
  if (parents === undefined) {
    const all = parentRefsOf(route).map((parentRef) => parentKey(parentRef, route.namespace));
    parents = [...new Set(all)].filter((parent) => parent !== undefined);
    named.set(route, parents);
  }
  return parents;
}
