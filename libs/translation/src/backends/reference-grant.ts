import type { ConfigObject, ObjectRef } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { gatewayGroup, specOf } from "../kinds.ts";
import { Problem } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { objectsOf, textOf } from "../untrusted.ts";

/**
 * The object that a reference means, or why there is none. The grant goes before existence: whoever may not refer may
 * not learn what exists.
 * @param from the object that refers; its namespace is the reference's where that names none
 * @param missing the reason for an object that does not exist
 */
export function referredObject(
  reader: StateReader,
  from: ConfigObject,
  of: {
    readonly field: string;
    readonly ref: JsonObject;
    readonly group: string;
    readonly kind: string;
    readonly missing: string;
  },
): ConfigObject | Problem {
  const { field, ref, group, kind, missing } = of;
  const namespace = textOf(ref.namespace) ?? from.namespace;
  const target = { group, kind, namespace, name: textOf(ref.name) ?? "" };
  const title = `${kind} ${target.namespace}/${target.name}`;
  if (!mayRefer(reader, from, target)) {
    return new Problem("RefNotPermitted", `${field}: no ReferenceGrant permits ${title}`);
  }
  return reader.object(target) ?? new Problem(missing, `${field}: ${title} does not exist`);
}

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
