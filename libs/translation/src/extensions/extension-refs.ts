import { type ConfigObject, kindKey } from "@routeledger/config-model";
import { type Problem, unsupported } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { shown } from "../untrusted.ts";
import { extensionKind, extensionViews } from "./extension-view.ts";

/** An `extensionRef` filter of a rule. */
export interface ExtensionRef {
  /** Where it stands, for messages. */
  readonly field: string;
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/**
 * The objects that the filters of a rule name, in their order; or why one of them is not served: nobody would apply it,
 * and no filter is skipped (G61, G62).
 */
export function resolveExtensionRefs(
  reader: StateReader,
  route: ConfigObject,
  refs: readonly ExtensionRef[],
): readonly ConfigObject[] | Problem {
  if (refs.length === 0) return [];
  const extensions = reader.derived(extensionKind, extensionViews);
  const objects: ConfigObject[] = [];
  for (const { field, group, kind, name } of refs) {
    const key = kindKey(group, kind);
    const title = shown(`${key} ${name}`);
    if (!extensions.some(({ hooks, resources }) => hooks.has("Route") && resources.has(key)))
      return unsupported(`${field}: nothing here resolves ${title}`);
    const object = reader.object({ group, kind, namespace: route.namespace, name });
    if (object === undefined) return unsupported(`${field}: ${title} does not exist in ${route.namespace}`);
    objects.push(object);
  }
  return objects;
}
