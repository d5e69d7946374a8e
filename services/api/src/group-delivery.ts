import type { RevisionDelivery, SnapshotStore } from "@routeledger/snapshot-store";
import { deliveredVerdict, type Verdict } from "./proxy-verdict.ts";

/**
 * What a Gateway's proxies have of many revisions, for one answer. Who has acknowledged a revision has acknowledged what is
 * older (rule 9 of the api), so of n revisions that are asked in `inBisectOrder` few are looked up.
 */
export class GroupDelivery {
  readonly #store: SnapshotStore;
  readonly #nodeGroup: string;
  readonly #known = new Map<number, RevisionDelivery>();
  /** The newest revision that all have, and the oldest that not all have, of those that were looked up. */
  #held: { readonly sequence: number; readonly verdict: Verdict } | undefined;
  #notHeld = Number.POSITIVE_INFINITY;

  constructor(store: SnapshotStore, nodeGroup: string) {
    this.#store = store;
    this.#nodeGroup = nodeGroup;
  }

  async exactlyAt(sequence: number): Promise<RevisionDelivery> {
    const known = this.#known.get(sequence);
    if (known !== undefined) return known;
    const delivery = await this.#store.query("deliveryOf", { sequence, nodeGroup: this.#nodeGroup });
    this.#known.set(sequence, delivery);
    const verdict = deliveredVerdict(delivery);
    if (verdict.status === "False") this.#notHeld = Math.min(this.#notHeld, sequence);
    else if (sequence > (this.#held?.sequence ?? 0)) this.#held = { sequence, verdict };
    return delivery;
  }

  async verdictOf(sequence: number): Promise<Verdict> {
    if (this.#held !== undefined && sequence <= this.#held.sequence) return this.#held.verdict;
    if (sequence <= this.#notHeld) return deliveredVerdict(await this.exactlyAt(sequence));
    const message = "not every connected proxy has acknowledged it";
    return { status: "False", reason: "Pending", message, atMs: 0 };
  }
}

/** The middle first, then the middles of both halves, and so on. */
export function inBisectOrder<T>(sorted: readonly T[]): T[] {
  const found: T[] = [];
  const spans: [from: number, until: number][] = [[0, sorted.length]];
  for (let span = spans.shift(); span !== undefined; span = spans.shift()) {
    const [from, until] = span;
    if (from >= until) continue;
    const middle = (from + until) >> 1;
    found.push(sorted[middle]!);
    spans.push([from, middle], [middle + 1, until]);
  }
  return found;
}
