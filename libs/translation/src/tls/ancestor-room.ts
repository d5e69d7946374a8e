import {
  type ConfigObject,
  type ConfigState,
  getObject,
  kindKey,
  type ObjectIndex,
} from "@routeledger/config-model";
import { by, inOrder, type JsonObject } from "@routeledger/std";
import { createdAt, gatewayGroup, routeKinds, specOf } from "../kinds.ts";
import { WeakMemo } from "../memo-table.ts";
import { findGateway, nodeGroups } from "../node-groups.ts";
import { parentKey, parentRefsOf } from "../routes/attach.ts";
import { objectOf, objectsOf, textOf } from "../untrusted.ts";

/** Entries of a policy's status that there may be (G102). */
export const ancestorsMax = 16;

/**
 * Whether the status of a BackendTLSPolicy has room for a Gateway that reaches a target of it (G102). The older
 * Gateways have it, then by namespace and name, so that a new one never takes another's place. Counted are those that
 * a route of theirs names together with a target, accepted or not.
 */
export function hasRoom(state: ConfigState, policy: ConfigObject, nodeGroup: string): boolean {
  if (!isCrowded(state)) return true;
  const named = gatewaysNaming(state, policy);
  return gatewaysByAge(state)
    .filter((gateway) => named.has(gateway))
    .slice(0, ancestorsMax)
    .includes(nodeGroup);
}

/** Whether there are more Gateways than a status has room for. */
export function isCrowded(state: ConfigState): boolean {
  return gatewaysByAge(state).length > ancestorsMax;
}

const ages = new WeakMemo();

/** Node groups, the older first, then by name. */
function gatewaysByAge(state: ConfigState): readonly string[] {
  const [gateways, classes] = [gatewayKind, classKind].map((kind) => state.objects.get(kind));
  if (gateways === undefined) return [];
  return ages.get(gateways, [classes], () =>
    nodeGroups(state)
      .map((nodeGroup): [string, string] => [ageOf(state, nodeGroup), nodeGroup])
      .sort(
        inOrder(
          by(([age]) => age),
          by(([, nodeGroup]) => nodeGroup),
        ),
      )
      .map(([, nodeGroup]) => nodeGroup),
  );
}

const gatewayKind = kindKey(gatewayGroup, "Gateway");
const classKind = kindKey(gatewayGroup, "GatewayClass");

function ageOf(state: ConfigState, nodeGroup: string): string {
  const found = findGateway(state, nodeGroup);
  return found === undefined ? "" : createdAt(found.gateway);
}

const naming = new WeakMap<ObjectIndex, Map<ConfigObject, ReadonlySet<string>>>();

function gatewaysNaming(state: ConfigState, policy: ConfigObject): ReadonlySet<string> {
  let policies = naming.get(state.objects);
  if (policies === undefined) {
    policies = new Map();
    naming.set(state.objects, policies);
  }
  let gateways = policies.get(policy);
  if (gateways === undefined) {
    const targets = objectsOf(specOf(policy).targetRefs).map((ref) => targetKey(ref, policy.namespace));
    const parents = targets.flatMap((target) => parentsReaching(state, target));
    gateways = new Set(parents.map((parent) => gatewayOf(state, parent)));
    policies.set(policy, gateways);
  }
  return gateways;
}

function targetKey({ group, kind, name }: JsonObject, namespace: string): string {
  return `${textOf(group) ?? ""}/${textOf(kind) ?? "Service"}/${namespace}/${textOf(name) ?? ""}`;
}

function parentsReaching(state: ConfigState, target: string): string[] {
  return routeKinds.flatMap((kind) =>
    [...(state.objects.get(kindKey(gatewayGroup, kind))?.values() ?? [])].flatMap((routes) => [
      ...(parentsByTarget(routes).get(target) ?? []),
    ]),
  );
}

/** `namespace/name` of the Gateway that a parent is or belongs to. */
function gatewayOf(state: ConfigState, parent: string): string {
  const [kind = "", namespace = "", name = ""] = parent.split("/");
  if (kind === "Gateway") return `${namespace}/${name}`;
  const set = getObject(state, { group: gatewayGroup, kind, namespace, name });
  const ref = set === undefined ? {} : objectOf(specOf(set).parentRef);
  return `${textOf(ref.namespace) ?? namespace}/${textOf(ref.name) ?? ""}`;
}

type ObjectsByName = ReadonlyMap<string, ConfigObject>;

const indexes = new WeakMap<ObjectsByName, ReadonlyMap<string, ReadonlySet<string>>>();

/** What a namespace's routes name as backends, and the parents of those that do. */
function parentsByTarget(routes: ObjectsByName): ReadonlyMap<string, ReadonlySet<string>> {
  let index = indexes.get(routes);
  if (index === undefined) {
    const made = new Map<string, Set<string>>();
    for (const route of routes.values()) {
      const parents = parentRefsOf(route).map((ref) => parentKey(ref, route.namespace));
      for (const ref of backendsNamed(route)) {
        const key = targetKey(ref, textOf(ref.namespace) ?? route.namespace);
        const known = made.get(key) ?? new Set();
        made.set(key, known);
        for (const parent of parents) if (parent !== undefined) known.add(parent);
      }
    }
    index = made;
    indexes.set(routes, index);
  }
  return index;
}

/** Backends of rules and of mirrors. */
function backendsNamed(route: ConfigObject): JsonObject[] {
  return objectsOf(specOf(route).rules).flatMap((rule) => {
    const backends = objectsOf(rule.backendRefs);
    const filters = [rule, ...backends].flatMap((one) => objectsOf(one.filters));
    return [...backends, ...filters.map((filter) => objectOf(objectOf(filter.requestMirror).backendRef))];
  });
}
