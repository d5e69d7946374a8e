import type { ObjectRef } from "@routeledger/config-model";
import { gatewayGroup, specOf } from "../kinds.ts";
import type { StateReader } from "../state-reader.ts";
import { objectsOf, textOf } from "../untrusted.ts";

/**
 * Whether an object may refer to another: in its own namespace always, else when one ReferenceGrant of the target's
 * namespace has both a matching `from` and a matching `to` (G68).
 */
export function mayRefer(reader: StateReader, from: ObjectRef, to: ObjectRef): boolean {
  if (from.namespace === to.namespace) return true;
  const grants = reader.namespace(gatewayGroup, "ReferenceGrant", to.namespace);
  return [...grants.values()].some((grant) => {
    const spec = specOf(grant);
    const fromMatches = objectsOf(spec.from).some(
      ({ group, kind, namespace }) =>
        (textOf(group) ?? "") === from.group && kind === from.kind && namespace === from.namespace,
    );
    const toMatches = objectsOf(spec.to).some(
      ({ group, kind, name }) =>
        (textOf(group) ?? "") === to.group &&
        kind === to.kind &&
        [undefined, null, "", to.name].includes(name as string),
    );
    return fromMatches && toMatches;
  });
}
