import { assert } from "./assert.ts";

/**
 * A bounded queue between two asynchronous loops: the putting one waits while it is full, the taking one while it
 * is empty. What was put is taken in order, once.
 */
export class Mailbox<T> {
  readonly capacity: number;
  #items: T[] = [];
  #end: { readonly error: unknown } | "closed" | undefined;
  #changed = Promise.withResolvers<void>();

  /** @param capacity at least 1, in items */
  constructor(capacity: number) {
    assert(Number.isSafeInteger(capacity) && capacity >= 1, `a capacity of at least 1, got ${capacity}`);
    this.capacity = capacity;
  }

  /** Resolves when the item has its place; false when the mailbox was closed meanwhile. */
  async put(item: T): Promise<boolean> {
    while (this.#end === undefined && this.#items.length >= this.capacity) await this.#changed.promise;
    if (this.#end !== undefined) return false;
    this.#items.push(item);
    this.#signal();
    return true;
  }

  /**
   * Takes all that is there, at least one item, waiting for it. An empty list says that the mailbox was closed
   * and is empty. Throws what `fail` was given, after the last item.
   */
  async takeAll(): Promise<T[]> {
    while (this.#items.length === 0 && this.#end === undefined) await this.#changed.promise;
    const taken = this.#items;
    this.#items = [];
    this.#signal();
    if (taken.length === 0 && typeof this.#end === "object") throw this.#end.error;
    return taken;
  }

  /** Takes all that is there now, which may be nothing. */
  takeNow(): T[] {
    const taken = this.#items;
    this.#items = [];
    this.#signal();
    return taken;
  }

  /** Nothing more comes. Idempotent. */
  close(): void {
    this.#end ??= "closed";
    this.#signal();
  }

  /** Nothing more comes, for this reason. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#signal();
  }

  #signal(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
