import { assert } from "./assert.ts";

/** First in, first out, with a limit. When full, `offer` refuses and the caller decides what is lost. */
export class BoundedQueue<T> {
  readonly capacity: number;
  #items: T[] = [];
  #head = 0;

  /** @param capacity at least 1, in items */
  constructor(capacity: number) {
    assert(Number.isSafeInteger(capacity) && capacity >= 1, `a capacity of at least 1, got ${capacity}`);
    this.capacity = capacity;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Returns false, and takes nothing, when the queue is full. */
  offer(item: T): boolean {
    if (this.size >= this.capacity) return false;
    this.#items.push(item);
    return true;
  }

  poll(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes at most `limit` items, oldest first. */
  drain(limit: number = this.capacity): T[] {
    const end = Math.min(this.#items.length, this.#head + limit);
    const taken = this.#items.slice(this.#head, end);
    this.#items = this.#items.slice(end);
    this.#head = 0;
    return taken;
  }
}
