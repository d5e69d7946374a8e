import { type ConfigState, kindKey, type ObjectDifference } from "@routeledger/config-model";
import { type Read, stillSame } from "./state-reader.ts";

/**
 * From objects to what was made of them: so that a change costs what rests on it. A name is remade when one of its reads
 * gives another answer.
 */
export class Dependents {
  readonly #reads = new Map<string, readonly Read[]>();
  readonly #byKey = new Map<string, Set<string>>();

  /** Says anew what a name rests on. */
  set(name: string, reads: readonly Read[]): void {
    this.delete(name);
    this.#reads.set(name, reads);
    for (const { key } of reads) {
      const names = this.#byKey.get(key);
      if (names === undefined) this.#byKey.set(key, new Set([name]));
      else names.add(name);
    }
  }

  delete(name: string): void {
    for (const { key } of this.#reads.get(name) ?? []) {
      const names = this.#byKey.get(key);
      names?.delete(name);
      if (names?.size === 0) this.#byKey.delete(key);
    }
    this.#reads.delete(name);
  }

  /**
   * The names whose reads are no longer the same at a state, which is after these changes.
   * @param keys of what changed besides objects
   */
  affectedBy(
    changes: readonly ObjectDifference[],
    state: ConfigState,
    keys: readonly string[] = [],
  ): ReadonlySet<string> {
    const affected = new Set<string>();
    const asked = new Set<string>();
    for (const key of new Set([...changes.flatMap(keysOf), ...keys])) {
      for (const name of this.#byKey.get(key) ?? []) {
        if (asked.has(name)) continue;
        asked.add(name);
        if (!stillSame(this.#reads.get(name) ?? [], state)) affected.add(name);
      }
    }
    return affected;
  }
}

function keysOf({ before, after }: ObjectDifference): readonly string[] {
  const object = after ?? before;
  if (object === undefined) return [];
  const kind = kindKey(object.group, object.kind);
  return [kind, namespaceKey(kind, object.namespace), objectReadKey(kind, object)];
}

/** Key of a read of all objects of a kind in a namespace. */
export function namespaceKey(kind: string, namespace: string): string {
  return `${kind}/${namespace}`;
}

/** Key of a read of one object. */
export function objectReadKey(
  kind: string,
  of: { readonly namespace: string; readonly name: string },
): string {
  return `${kind}/${of.namespace}/${of.name}`;
}
