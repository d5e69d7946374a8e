import btree from "sorted-btree";
import diff from "sorted-btree/extended/diffAgainst.js";
import { by, compareStrings } from "./ordering.ts";

const BTree = btree.default;
const diffAgainst = diff.default;

type Tree<V> = InstanceType<typeof BTree<string, V>>;

/** What became of a key between two maps: undefined on the side where it is not. */
export interface MapChange<V> {
  readonly key: string;
  readonly before: V | undefined;
  readonly after: V | undefined;
}

/**
 * An immutable map, sorted by key in code units. A map with changes shares all else with the one that it was made of, so
 * that making it, and finding out in what two of them differ, costs what changed and not what they hold.
 */
export class SortedMap<V> implements ReadonlyMap<string, V> {
  static readonly #empty = new SortedMap<never>(new BTree<string, never>([], compareStrings));

  readonly #tree: Tree<V>;

  private constructor(tree: Tree<V>) {
    this.#tree = tree;
  }

  static empty<V>(): SortedMap<V> {
    return SortedMap.#empty as SortedMap<V>;
  }

  /** @param entries in any order; the last one of a key counts */
  static of<V>(entries: Iterable<readonly [string, V]>): SortedMap<V> {
    return SortedMap.empty<V>().with(entries);
  }

  get size(): number {
    return this.#tree.size;
  }

  get(key: string): V | undefined {
    return this.#tree.get(key);
  }

  has(key: string): boolean {
    return this.#tree.has(key);
  }

  /** The map with these entries; undefined takes a key out. This map when nothing of it is other. */
  with(changes: Iterable<readonly [string, V | undefined]>): SortedMap<V> {
    let tree: Tree<V> | undefined;
    for (const [key, value] of changes) {
      const now = tree ?? this.#tree;
      if (value === undefined ? !now.has(key) : now.get(key) === value) continue;
      tree ??= this.#tree.clone();
      if (value === undefined) tree.delete(key);
      else tree.set(key, value);
    }
    return tree === undefined ? this : new SortedMap(tree);
  }

  /** In what this map differs from an earlier one, by identity of the values, in the order of keys. */
  changesSince(before: SortedMap<V>): MapChange<V>[] {
    if (before === this) return [];
    const changes: MapChange<V>[] = [];
    diffAgainst(
      before.#tree,
      this.#tree,
      (key, value) => void changes.push({ key, before: value, after: undefined }),
      (key, value) => void changes.push({ key, before: undefined, after: value }),
      (key, old, value) => void changes.push({ key, before: old, after: value }),
    );
    // The library tells of what is only on one side in its own order.
    return changes.sort(by(({ key }) => key));
  }

  keys(): MapIterator<string> {
    return this.#tree.keys() as MapIterator<string>;
  }

  values(): MapIterator<V> {
    return this.#tree.values() as MapIterator<V>;
  }

  entries(): MapIterator<[string, V]> {
    return this.#tree.entries() as MapIterator<[string, V]>;
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }

  forEach(callback: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }
}
