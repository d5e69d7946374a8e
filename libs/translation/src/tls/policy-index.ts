import { type ConfigObject, type ConfigState, kindKey } from "@routeledger/config-model";
import { by } from "@routeledger/std";
import { createdAt, gatewayGroup, specOf } from "../kinds.ts";
import { objectsOf, textOf } from "../untrusted.ts";

type ObjectsByName = ReadonlyMap<string, ConfigObject>;

/** A BackendTLSPolicy as one of its targetRefs sees it. */
export interface TargetingPolicy {
  readonly policy: ConfigObject;
  /** Name of a Service's port; empty: all of the target (G96). */
  readonly section: string;
}

/** What a policy may target, in the policy's own namespace. */
export type PolicyTarget = Pick<ConfigObject, "group" | "kind" | "namespace" | "name">;

/** The kind that the index is made of. */
export const policyKind: string = kindKey(gatewayGroup, "BackendTLSPolicy");

/** Target references that are looked at: what the schema allows. */
const targetRefsMax = 16;

const indexes = new WeakMap<ObjectsByName, ReadonlyMap<string, readonly TargetingPolicy[]>>();
const none: readonly TargetingPolicy[] = [];

/** The policies that target an object, the older first, then by name: of one section the first counts (G96). */
export function policiesOf(state: ConfigState, target: PolicyTarget): readonly TargetingPolicy[] {
  const policies = state.objects.get(policyKind)?.get(target.namespace);
  return (policies && indexOf(policies).get(keyOf(target))) ?? none;
}

/**
 * The policy that counts for a port: one that names it before one for the whole target, whatever their ages (G96).
 * @param port name of the Service's port; empty when it has none, as that of a Backend
 */
export function policyFor(state: ConfigState, target: PolicyTarget, port: string): ConfigObject | undefined {
  const policies = policiesOf(state, target);
  const own = port === "" ? undefined : policies.find(({ section }) => section === port);
  return (own ?? policies.find(({ section }) => section === ""))?.policy;
}

function indexOf(policies: ObjectsByName): ReadonlyMap<string, readonly TargetingPolicy[]> {
  const known = indexes.get(policies);
  if (known !== undefined) return known;
  const index = new Map<string, TargetingPolicy[]>();
  for (const policy of [...policies.values()].sort(by((one) => `${createdAt(one)} ${one.name}`))) {
    for (const ref of objectsOf(specOf(policy).targetRefs).slice(0, targetRefsMax)) {
      const key = keyOf({
        group: textOf(ref.group) ?? "",
        kind: textOf(ref.kind) ?? "",
        name: textOf(ref.name) ?? "",
      });
      const targeting = { policy, section: textOf(ref.sectionName) ?? "" };
      const list = index.get(key);
      if (list === undefined) index.set(key, [targeting]);
      else list.push(targeting);
    }
  }
  indexes.set(policies, index);
  return index;
}

function keyOf({ group, kind, name }: Pick<PolicyTarget, "group" | "kind" | "name">): string {
  return `${group}/${kind}/${name}`;
}
