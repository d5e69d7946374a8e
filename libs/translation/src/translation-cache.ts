import type { ConfigState } from "@routeledger/config-model";
import { MemoTable } from "./memo-table.ts";
import { type Read, StateReader, stillSame } from "./state-reader.ts";

interface Kept {
  readonly reads: readonly Read[];
  readonly value: unknown;
  /** The kinds that were read, and what the state held of each when the reads were last found to be the same. */
  readonly kinds: readonly string[];
  held: readonly unknown[];
}

/**
 * Keeps what was translated from the same instances of objects, so that a translation costs what an event touches.
 * It never changes a result. One cache serves all node groups of one log; what no longer stands is forgotten.
 */
export class TranslationCache {
  readonly #kept = new WeakMap<object, Map<string, Kept>>();
  readonly #tables = new Map<string, MemoTable>();

  /** What `compute` gives for an object, kept until the object or one of the reads is another instance. */
  of<T>(owner: object, slot: string, state: ConfigState, compute: (reader: StateReader) => T): T {
    let slots = this.#kept.get(owner);
    if (slots === undefined) {
      slots = new Map();
      this.#kept.set(owner, slots);
    }
    const known = slots.get(slot);
    if (known !== undefined && isCurrent(known, state)) return known.value as T;
    const reader = new StateReader(state);
    const value = compute(reader);
    const { reads } = reader;
    const kinds = [...new Set(reads.map(({ kind }) => kind))];
    slots.set(slot, { reads, value, kinds, held: heldOf(kinds, state) });
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

function isCurrent(kept: Kept, state: ConfigState): boolean {
  if (sameKinds(kept, state)) return true;
  if (!stillSame(kept.reads, state)) return false;
  kept.held = heldOf(kept.kinds, state);
  return true;
}

function sameKinds({ kinds, held }: Kept, state: ConfigState): boolean {
  for (let index = 0; index < kinds.length; index++)
    if (state.objects.get(kinds[index]!) !== held[index]) return false;
  return true;
}

function heldOf(kinds: readonly string[], state: ConfigState): unknown[] {
  return kinds.map((kind) => state.objects.get(kind));
}
