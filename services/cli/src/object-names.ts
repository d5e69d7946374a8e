import { usageError } from "./command-context.ts";

/** `httproute.gateway.networking.k8s.io/shop`, as kubectl's `-o name` writes it. */
export function resourceName(ref: {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}): string {
  return `${kindName(ref)}/${ref.name}`;
}

/** `httproute.gateway.networking.k8s.io`; `service` for the core group. */
export function kindName({ group, kind }: { readonly group: string; readonly kind: string }): string {
  return group === "" ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
}

/** A kind as the user wrote it, and the names below it; no names mean all. */
export interface NamedKind {
  readonly kind: string;
  readonly names: readonly string[];
}

/**
 * Reads `KIND`, `KIND NAME...`, `KIND/NAME ...` and `KIND,KIND`, as kubectl does.
 * @throws Failure `cli.usage`
 */
export function parseObjectArguments(words: readonly string[]): NamedKind[] {
  const [first, ...rest] = words;
  if (first === undefined) {
    throw usageError("you must specify the type of object", "for example: httproutes, or httproute/shop");
  }
  if (words.some((word) => word.includes("/"))) {
    return words.map((word) => {
      const [kind, name, ...more] = word.split("/");
      if (!kind || !name || more.length > 0) {
        throw usageError(`arguments in KIND/NAME form must have one kind and one name, got "${word}"`);
      }
      return { kind, names: [name] };
    });
  }
  const kinds = first.split(",").filter((kind) => kind !== "");
  if (kinds.length > 1 && rest.length > 0) {
    throw usageError("names cannot be given together with several kinds", "use KIND/NAME for each object");
  }
  return kinds.map((kind) => ({ kind, names: rest }));
}
