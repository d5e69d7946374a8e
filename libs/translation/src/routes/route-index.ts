import { type ConfigObject, type ConfigState, kindKey } from "@routeledger/config-model";
import { by, sortedEntries } from "@routeledger/std";
import { gatewayGroup } from "../kinds.ts";
import { parentGateway, parentRefsOf } from "./attach.ts";

type ObjectsByName = ReadonlyMap<string, ConfigObject>;

const known = new WeakMap<ObjectsByName, ReadonlyMap<string, readonly ConfigObject[]>>();

/** The routes of a kind with a parentRef to a Gateway, sorted by namespace and name. */
export function routesNaming(state: ConfigState, kind: string, gateway: string): ConfigObject[] {
  const byNamespace = state.objects.get(kindKey(gatewayGroup, kind)) ?? new Map<string, ObjectsByName>();
  return sortedEntries(byNamespace).flatMap(([, routes]) => routesByGateway(routes).get(gateway) ?? []);
}

/** A namespace's routes by the Gateways that they name. The same map gives the same lists. */
function routesByGateway(routes: ObjectsByName): ReadonlyMap<string, readonly ConfigObject[]> {
  const indexed = known.get(routes);
  if (indexed !== undefined) return indexed;
  const index = new Map<string, ConfigObject[]>();
  for (const route of [...routes.values()].sort(by(({ name }) => name))) {
    for (const gateway of gatewaysNamedBy(route)) {
      const list = index.get(gateway);
      if (list === undefined) index.set(gateway, [route]);
      else list.push(route);
    }
  }
  known.set(routes, index);
  return index;
}

const named = new WeakMap<ConfigObject, readonly string[]>();

/** Each Gateway once. */
function gatewaysNamedBy(route: ConfigObject): readonly string[] {
  let gateways = named.get(route);
  if (gateways === undefined) {
    const all = parentRefsOf(route).map((parentRef) => parentGateway(parentRef, route.namespace));
    gateways = [...new Set(all)].filter((gateway) => gateway !== undefined);
    named.set(route, gateways);
  }
  return gateways;
}
