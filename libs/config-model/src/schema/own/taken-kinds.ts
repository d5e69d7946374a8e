import { schemaDocuments } from "../../generated/schemas.ts";
import type { ObjectRef } from "../../object-ref.ts";

/** Groups that no extension has kinds in: Kubernetes', Gateway API's and ours. */
const takenGroups: readonly string[] = [
  "",
  "discovery.k8s.io",
  "gateway.networking.k8s.io",
  "routeledger.dev",
];

/** Known kinds of other groups: `group/Kind`. */
const takenKinds: ReadonlySet<string> = new Set(
  (schemaDocuments as readonly { readonly group: string; readonly kind: string }[]).map(
    ({ group, kind }) => `${group}/${kind}`,
  ),
);

export function isTakenGroup(group: string): boolean {
  return takenGroups.includes(group);
}

/** Whether an Extension may declare a kind: it has no meaning here yet. */
export function mayBeDeclared({ group, kind }: Pick<ObjectRef, "group" | "kind">): boolean {
  return !isTakenGroup(group) && !takenKinds.has(`${group}/${kind}`);
}
