import {
  type ConfigObject,
  type ConfigState,
  kindKey,
  objectKey,
  objectsOfKind,
} from "@routeledger/config-model";
import { compareStrings, type JsonObject, sortedEntries } from "@routeledger/std";
import { envoyGatewayGroup, gatewayGroup } from "../kinds.ts";
import { sameItems } from "../memo-table.ts";
import { isOurs } from "../node-groups.ts";
import { backendStatus } from "./backend-status.ts";
import { classStatus } from "./class-status.ts";
import type { Findings, ParentFinding } from "./findings.ts";

/**
 * The status of every object that has one, by object key, sorted, without lastTransitionTime, which `publish` adds.
 * What did not change is the same instance as before. Objects that speak only of other controllers have none (G1).
 * @param findings of all node groups of the state
 */
export function statuses(
  state: ConfigState,
  findings: ReadonlyMap<string, Findings>,
): ReadonlyMap<string, JsonObject> {
  const inputs = [...sortedEntries(findings).flat(), ...kindsRead.map((kind) => state.objects.get(kind))];
  const [first] = findings.values();
  const known = first && allStatuses.get(first);
  if (known !== undefined && sameItems(known.inputs, inputs)) return known.statuses;
  const made = statusesOf(state, findings);
  if (first !== undefined) allStatuses.set(first, { inputs, statuses: made });
  return made;
}

/** What statuses are made of besides the findings. */
const kindsRead: readonly string[] = [
  kindKey(gatewayGroup, "Gateway"),
  kindKey(gatewayGroup, "GatewayClass"),
  kindKey(envoyGatewayGroup, "Backend"),
];

const allStatuses = new WeakMap<
  Findings,
  { readonly inputs: readonly unknown[]; readonly statuses: ReadonlyMap<string, JsonObject> }
>();

function statusesOf(state: ConfigState, findings: ReadonlyMap<string, Findings>): Map<string, JsonObject> {
  const found: [string, JsonObject][] = [];
  const put = (object: ConfigObject, status: JsonObject | undefined): void => {
    if (status !== undefined) found.push([objectKey(object), status]);
  };
  for (const gatewayClass of objectsOfKind(state, gatewayGroup, "GatewayClass")) {
    if (isOurs(gatewayClass)) put(gatewayClass, once(gatewayClass, classStatus));
  }
  for (const backend of objectsOfKind(state, envoyGatewayGroup, "Backend"))
    put(backend, once(backend, backendStatus));
  for (const { gateway, listenerSets } of findings.values()) {
    found.push([gateway.key, gateway.status]);
    for (const { key, status } of listenerSets) found.push([key, status]);
  }
  for (const [key, lists] of parentLists(findings)) found.push([key, routeStatus(lists)]);
  for (const [key, ancestors] of ancestorLists(findings)) found.push([key, policyStatus(ancestors)]);
  return new Map(found.sort(([a], [b]) => compareStrings(a, b)));
}

/** What the node groups say of each BackendTLSPolicy, in the order of the node groups; every list has at least one. */
function ancestorLists(findings: ReadonlyMap<string, Findings>): Map<string, JsonObject[]> {
  const lists = new Map<string, JsonObject[]>();
  for (const [, { ancestors }] of sortedEntries(findings)) {
    for (const [key, ancestor] of ancestors) {
      const known = lists.get(key);
      if (known === undefined) lists.set(key, [ancestor]);
      else known.push(ancestor);
    }
  }
  return lists;
}

const policyStatuses = new WeakMap<
  JsonObject,
  { readonly ancestors: readonly JsonObject[]; readonly status: JsonObject }
>();

function policyStatus(ancestors: JsonObject[]): JsonObject {
  const [first] = ancestors;
  const known = first && policyStatuses.get(first);
  if (known !== undefined && sameItems(known.ancestors, ancestors)) return known.status;
  const status = { ancestors };
  if (first !== undefined) policyStatuses.set(first, { ancestors, status });
  return status;
}

type ParentList = readonly ParentFinding[];

/** What the node groups say of each route, in the order of the node groups; every list has at least one. */
function parentLists(findings: ReadonlyMap<string, Findings>): Map<string, ParentList[]> {
  const lists = new Map<string, ParentList[]>();
  for (const [, { parents }] of sortedEntries(findings)) {
    for (const [key, list] of parents) {
      const known = findings.size === 1 ? undefined : lists.get(key);
      if (known === undefined) lists.set(key, [list]);
      else known.push(list);
    }
  }
  return lists;
}

const routeStatuses = new WeakMap<
  ParentList,
  { readonly lists: readonly ParentList[]; readonly status: JsonObject }
>();

/** `status.parents` in the order of the spec's parentRefs. */
function routeStatus(lists: readonly ParentList[]): JsonObject {
  const [first] = lists;
  const known = first && routeStatuses.get(first);
  if (known !== undefined && sameItems(known.lists, lists)) return known.status;
  const parents = lists.flat().sort((a, b) => a.index - b.index);
  const status = { parents: parents.map((parent) => parent.status) };
  if (first !== undefined) routeStatuses.set(first, { lists, status });
  return status;
}

const objectStatuses = new WeakMap<ConfigObject, JsonObject>();

/** A status that is a function of the object alone. */
function once(object: ConfigObject, compute: (object: ConfigObject) => JsonObject): JsonObject {
  let status = objectStatuses.get(object);
  if (status === undefined) {
    status = compute(object);
    objectStatuses.set(object, status);
  }
  return status;
}
