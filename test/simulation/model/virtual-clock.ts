/** Time of a simulation: nothing passes but what is asked for, and what is due at one moment happens in its order. */
export class VirtualClock {
  #nowMs = 0;
  #count = 0;
  /** A binary heap by time, then by the order in which things were asked for. */
  readonly #heap: Due[] = [];
  readonly #happened: () => void;

  /** @param happened is called after each thing that happens */
  constructor(happened: () => void = () => undefined) {
    this.#happened = happened;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** True while anything is still to happen. */
  get isBusy(): boolean {
    while (this.#heap[0]?.isCancelled === true) this.#pop();
    return this.#heap.length > 0;
  }

  after(delayMs: number, happen: () => void): Timer {
    const due: Due = { atMs: this.#nowMs + delayMs, order: this.#count++, happen, isCancelled: false };
    this.#push(due);
    return {
      cancel: () => {
        due.isCancelled = true;
      },
    };
  }

  /** Lets all happen that is due until then; time stands there afterwards. */
  runUntil(ms: number): void {
    while (this.isBusy && (this.#heap[0] as Due).atMs <= ms) this.#next();
    this.#nowMs = Math.max(this.#nowMs, ms);
  }

  /** Runs until nothing is to happen any more, or until the time is over; false when it was. */
  runToRest(untilMs: number): boolean {
    while (this.isBusy && (this.#heap[0] as Due).atMs <= untilMs) this.#next();
    return !this.isBusy;
  }

  #next(): void {
    const due = this.#pop();
    if (due === undefined || due.isCancelled) return;
    this.#nowMs = due.atMs;
    due.happen();
    this.#happened();
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const isRight = right < heap.length && isBefore(heap[right] as Due, heap[left] as Due);
      const child = isRight ? right : left;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

export interface Timer {
  /** Does nothing once it happened. */
  cancel(): void;
}

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
  isCancelled: boolean;
}

function isBefore(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
