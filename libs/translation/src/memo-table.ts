interface Entry {
  readonly inputs: readonly unknown[];
  readonly value: unknown;
}

/** Values by key, each kept as long as the inputs that it was made of are the same instances. */
export class MemoTable {
  #before = new Map<unknown, Entry>();
  #now = new Map<unknown, Entry>();

  /** The kept value when all inputs are identical, else what `compute` gives. A key must be asked with one type. */
  get<T>(key: object | string, inputs: readonly unknown[], compute: () => T): T {
    const known = this.#now.get(key) ?? this.#before.get(key);
    const entry =
      known !== undefined && sameItems(known.inputs, inputs) ? known : { inputs, value: compute() };
    this.#now.set(key, entry);
    return entry.value as T;
  }

  /** Forgets what was not asked for since the last call. */
  endRound(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

/** The same for what is asked now and then: a value is forgotten with its key. */
export class WeakMemo {
  readonly #entries = new WeakMap<object, Entry>();

  /** The kept value when all inputs are identical, else what `compute` gives. A key must be asked with one type. */
  get<T>(key: object, inputs: readonly unknown[], compute: () => T): T {
    const known = this.#entries.get(key);
    if (known !== undefined && sameItems(known.inputs, inputs)) return known.value as T;
    const value = compute();
    this.#entries.set(key, { inputs, value });
    return value;
  }
}

export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  // Called for every route at every event: a loop costs a third of `every`.
  for (let index = 0; index < a.length; index++) if (!Object.is(a[index], b[index])) return false;
  return true;
}
