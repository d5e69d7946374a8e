export type Comparator<T> = (a: T, b: T) => number;

/** Orders by UTF-16 code units: total, and the same on every machine, unlike localeCompare. */
export function compareStrings(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function compareNumbers(a: number, b: number): number {
  return a - b;
}

/** Orders by what `key` gives, in code units. */
export function by<T>(key: (value: T) => string): Comparator<T> {
  return (a, b) => compareStrings(key(a), key(b));
}

/** The first comparator that tells two values apart decides. */
export function inOrder<T>(...comparators: readonly Comparator<T>[]): Comparator<T> {
  return (a, b) => {
    for (const compare of comparators) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** The entries of a map, sorted by key: nothing may depend on the order in which a map was filled. */
export function sortedEntries<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => compareStrings(a, b));
}
