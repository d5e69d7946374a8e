import {
  type ConfigObject,
  type ConfigState,
  getObject,
  kindKey,
  type ObjectRef,
} from "@routeledger/config-model";
import { namespaceKey, objectReadKey } from "./dependents.ts";
import { sameItems } from "./memo-table.ts";

type ObjectsByName = ReadonlyMap<string, ConfigObject>;

const none: ObjectsByName = new Map();

/** Reads objects of a state and remembers what was read, so that a result can be kept until a read changes. */
export class StateReader {
  readonly #state: ConfigState;
  readonly #reads: Read[] = [];

  constructor(state: ConfigState) {
    this.#state = state;
  }

  object(ref: ObjectRef): ConfigObject | undefined {
    const kind = kindKey(ref.group, ref.kind);
    return this.#record(objectReadKey(kind, ref), (state) => getObject(state, ref));
  }

  /** All objects of a kind in a namespace, by name. */
  namespace(group: string, kind: string, namespace: string): ObjectsByName {
    const key = kindKey(group, kind);
    return this.#record(
      namespaceKey(key, namespace),
      (state) => state.objects.get(key)?.get(namespace) ?? none,
    );
  }

  /**
   * What a function of the objects of a kind, or of a kind in a namespace, gives; it must give the same instance as long
   * as it means the same.
   * @param key `kindKey` or `namespaceKey` of what it looks at, and of nothing else
   */
  derived<T>(key: string, look: (state: ConfigState) => T): T {
    return this.#record(key, look);
  }

  /** What an index over a kind gives: read again when the kind changes, and the same as long as its items are. */
  list<T>(kind: string, look: (state: ConfigState) => readonly T[]): readonly T[] {
    const seen = look(this.#state);
    this.#reads.push({ key: kind, isSame: (state) => sameItems(look(state), seen) });
    return seen;
  }

  get reads(): readonly Read[] {
    return this.#reads;
  }

  #record<T>(key: string, look: (state: ConfigState) => T): T {
    const seen = look(this.#state);
    this.#reads.push({ key, isSame: (state) => look(state) === seen });
    return seen;
  }
}

export interface Read {
  /**
   * What was looked at: `kindKey`, with a namespace, or with a namespace and a name. As long as no object of it changes,
   * the read does not.
   */
  readonly key: string;
  readonly isSame: (state: ConfigState) => boolean;
}

/** Whether everything that was read is the same in this state. */
export function stillSame(reads: readonly Read[], state: ConfigState): boolean {
  return reads.every(({ isSame }) => isSame(state));
}
