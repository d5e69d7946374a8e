import type { ConfigState } from "@routeledger/config-model";
import { type Read, StateReader, stillSame } from "./state-reader.ts";

/** What was made of objects of a state, kept as long as the reads of its making give the same. */
export class ReadMemo<K extends object, V> {
  readonly #kept = new WeakMap<K, { readonly reads: readonly Read[]; readonly value: V }>();

  of(key: K, state: ConfigState, compute: (reader: StateReader) => V): V {
    const known = this.#kept.get(key);
    if (known !== undefined && stillSame(known.reads, state)) return known.value;
    const reader = new StateReader(state);
    const value = compute(reader);
    this.#kept.set(key, { reads: reader.reads, value });
    return value;
  }
}
