import { type ConfigObject, type ConfigState, kindKey } from "@routeledger/config-model";
import { compareStrings, inOrder } from "@routeledger/std";
import { createdAt, gatewayGroup, specOf } from "../kinds.ts";
import type { StateReader } from "../state-reader.ts";
import { objectOf, textOf } from "../untrusted.ts";
import { allowsNamespace, namespaceRule } from "./namespace-rule.ts";

type ObjectsByName = ReadonlyMap<string, ConfigObject>;

const listenerSetKind = kindKey(gatewayGroup, "ListenerSet");

/** `namespace/name` of the Gateway that a ListenerSet names as its parent; undefined when it names another kind. */
export function parentOfSet(listenerSet: ConfigObject): string | undefined {
  const { group, kind, namespace, name } = objectOf(specOf(listenerSet).parentRef);
  const isGateway =
    (textOf(group) ?? gatewayGroup) === gatewayGroup && (textOf(kind) ?? "Gateway") === "Gateway";
  return isGateway ? `${textOf(namespace) ?? listenerSet.namespace}/${textOf(name) ?? ""}` : undefined;
}

/** The ListenerSets that name a Gateway: older first, then by namespace and name (G10). */
export function listenerSetsNaming(state: ConfigState, gateway: string): readonly ConfigObject[] {
  const byNamespace = state.objects.get(listenerSetKind);
  if (byNamespace === undefined) return [];
  return [...byNamespace.values()].flatMap((sets) => setsByGateway(sets).get(gateway) ?? []).sort(byAge);
}

/** Whether a Gateway lets a ListenerSet add listeners to it; without a word of its own it lets none. */
export function allowsSet(reader: StateReader, gateway: ConfigObject, listenerSet: ConfigObject): boolean {
  const rule = namespaceRule(objectOf(specOf(gateway).allowedListeners), "None");
  const { namespace } = listenerSet;
  const object =
    rule.from === "Selector"
      ? reader.object({ group: "", kind: "Namespace", namespace: "", name: namespace })
      : undefined;
  return allowsNamespace(rule, { own: gateway.namespace, asked: namespace, object });
}

const byAge = inOrder<ConfigObject>(
  (a, b) => compareStrings(createdAt(a), createdAt(b)),
  (a, b) => compareStrings(a.namespace, b.namespace),
  (a, b) => compareStrings(a.name, b.name),
);

const known = new WeakMap<ObjectsByName, ReadonlyMap<string, readonly ConfigObject[]>>();

/** A namespace's ListenerSets by the Gateway that they name. The same map gives the same lists. */
function setsByGateway(sets: ObjectsByName): ReadonlyMap<string, readonly ConfigObject[]> {
  let index = known.get(sets);
  if (index === undefined) {
    index = Map.groupBy(sets.values(), (set) => parentOfSet(set) ?? "");
    known.set(sets, index);
  }
  return index;
}
