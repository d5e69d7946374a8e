import { type ConfigObject, type ConfigState, kindKey } from "@routeledger/config-model";
import { by } from "@routeledger/std";
import { specOf } from "../kinds.ts";
import type { StateReader } from "../state-reader.ts";
import { objectOf, objectsOf, textOf } from "../untrusted.ts";
import { extensionKind, extensionViews } from "./extension-view.ts";

/** A policy of an extension's kind, and the part of the target that it names; undefined is all of it. */
export interface AttachedPolicy {
  readonly object: ConfigObject;
  readonly section: string | undefined;
}

type PolicyIndex = ReadonlyMap<string, readonly AttachedPolicy[]>;

const noPolicies: readonly AttachedPolicy[] = [];
const indexes = new WeakMap<object, PolicyIndex>();

/** The policies of all extensions' kinds that name a route, a Gateway, of their own namespace, sorted by kind and name. */
export function policiesOf(reader: StateReader, target: ConfigObject): readonly AttachedPolicy[] {
  const extensions = reader.derived(extensionKind, extensionViews);
  const kinds = new Set(extensions.flatMap(({ policyResources }) => [...policyResources]));
  return [...kinds]
    .sort()
    .flatMap((kind) => reader.derived(kind, (state) => policiesOfKind(state, kind, target)));
}

/** The same of a state. */
export function policiesAt(state: ConfigState, target: ConfigObject): readonly AttachedPolicy[] {
  const kinds = new Set(extensionViews(state).flatMap(({ policyResources }) => [...policyResources]));
  return [...kinds].sort().flatMap((kind) => policiesOfKind(state, kind, target));
}

function policiesOfKind(state: ConfigState, kind: string, target: ConfigObject): readonly AttachedPolicy[] {
  const byName = state.objects.get(kind)?.get(target.namespace);
  if (byName === undefined) return noPolicies;
  let index = indexes.get(byName);
  if (index === undefined) {
    index = indexOf([...byName.values()].sort(by(({ name }) => name)));
    indexes.set(byName, index);
  }
  return index.get(`${kindKey(target.group, target.kind)}/${target.name}`) ?? noPolicies;
}

function indexOf(policies: readonly ConfigObject[]): PolicyIndex {
  const index = new Map<string, AttachedPolicy[]>();
  for (const object of policies) {
    const { targetRef, targetRefs } = specOf(object);
    for (const ref of [objectOf(targetRef), ...objectsOf(targetRefs)]) {
      const key = `${kindKey(textOf(ref.group) ?? "", textOf(ref.kind) ?? "")}/${textOf(ref.name) ?? ""}`;
      const policy = { object, section: textOf(ref.sectionName) };
      const named = index.get(key);
      if (named === undefined) index.set(key, [policy]);
      else named.push(policy);
    }
  }
  return index;
}
