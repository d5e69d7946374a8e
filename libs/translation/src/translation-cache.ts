import type { ConfigState } from "@routeledger/config-model";
import { MemoTable } from "./memo-table.ts";
import { type Read, StateReader, stillSame } from "./state-reader.ts";

/**
 * Keeps what was translated from the same instances of objects, so that a translation costs what an event touches.
 * It never changes a result. One cache serves all node groups of one log; what no longer stands is forgotten.
 */
export class TranslationCache {
  readonly #kept = new WeakMap<
    object,
    Map<string, { readonly reads: readonly Read[]; readonly value: unknown }>
  >();
  readonly #tables = new Map<string, MemoTable>();

  /** What `compute` gives for an object, kept until the object or one of the reads is another instance. */
  of<T>(owner: object, slot: string, state: ConfigState, compute: (reader: StateReader) => T): T {
    let slots = this.#kept.get(owner);
    if (slots === undefined) {
      slots = new Map();
      this.#kept.set(owner, slots);
    }
    const known = slots.get(slot);
    if (known !== undefined && stillSame(known.reads, state)) return known.value as T;
    const reader = new StateReader(state);
    const value = compute(reader);
    slots.set(slot, { reads: reader.reads, value });
    return value;
  }

  /** A table by name: a node group's own is named like it, its others begin with its name and a space. */
  table(name: string): MemoTable {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new MemoTable();
      this.#tables.set(name, table);
    }
    return table;
  }

  /** Forgets the tables of node groups that are no more. */
  keepTables(nodeGroups: ReadonlySet<string>): void {
    for (const name of this.#tables.keys()) {
      if (!nodeGroups.has(name.split(" ", 1)[0] ?? "")) this.#tables.delete(name);
    }
  }
}
