import { type ObjectRef, objectKey } from "@routeledger/config-model";
import type { Clock } from "@routeledger/std";

/** Who changes something, through what. */
export interface Author {
  readonly actor: string;
  readonly source: string;
  /** W3C traceparent, or empty. */
  readonly traceContext: string;
}

/** A change that may share its event with others. */
export interface WaitingChange {
  readonly author: Author;
  /** Every object that it may change. */
  readonly touches: readonly ObjectRef[];
}

/** Changes that wait at most; one more carries them all out. */
export const waitingMax = 5_000;

export interface CoalescerOptions<W extends WaitingChange> {
  readonly clock: Clock;
  /** How far apart events of coalesced changes are at least, milliseconds. */
  readonly windowMs: number;
  /** Makes one event of changes of one author, in order. Called in the order of the events; never rejects. */
  readonly carryOut: (changes: readonly W[]) => Promise<void>;
}

/**
 * Lets changes of what is observed wait for each other: the first is carried out at once, those within the window
 * after it together when the window ends and what went before is done, which opens the next. So many changes are at
 * most one event a window (and author), and no change waits for others longer than one window.
 */
export class ChangeCoalescer<W extends WaitingChange> {
  readonly #options: CoalescerOptions<W>;
  #waiting: W[] = [];
  /** Monotonic time until which changes wait. */
  #windowEndsMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => undefined;
  #underWay = 0;
  /** The window has ended: what waits is carried out when nothing is under way. */
  #isDue = false;

  constructor(options: CoalescerOptions<W>) {
    this.#options = options;
  }

  add(change: W): void {
    const { clock } = this.#options;
    const leftMs = this.#windowEndsMs - clock.monotonicMs();
    this.#waiting.push(change);
    if (this.#waiting.length > waitingMax) this.flush();
    else if (leftMs <= 0) this.#flushWhenDone();
    else if (this.#waiting.length === 1) {
      this.#cancelTimer = clock.after(leftMs, () => this.#flushWhenDone());
    }
  }

  #flushWhenDone(): void {
    this.#isDue = this.#underWay > 0;
    if (!this.#isDue) this.flush();
  }

  /** Carries out at once what waits: something comes that must not overtake it. */
  flush(): void {
    this.#cancelTimer();
    this.#isDue = false;
    if (this.#waiting.length === 0) return;
    const { clock, windowMs, carryOut } = this.#options;
    this.#windowEndsMs = clock.monotonicMs() + windowMs;
    let rest: readonly W[] = this.#waiting;
    this.#waiting = [];
    while (rest.length > 0) {
      const next = ofOneAuthor(rest);
      rest = next.rest;
      this.#underWay += 1;
      void carryOut(next.batch).then(() => this.#done());
    }
  }

  #done(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0 && this.#isDue) this.flush();
  }
}

/**
 * Changes of the first one's author, up to where one of them would overtake another author's change of the same
 * object; and the rest, in order.
 */
function ofOneAuthor<W extends WaitingChange>(changes: readonly W[]): { batch: W[]; rest: W[] } {
  const batch: W[] = [];
  const rest: W[] = [];
  const touchedByRest = new Set<string>();
  const first = changes[0]?.author;
  for (const change of changes) {
    const isOwn = change.author.actor === first?.actor && change.author.source === first.source;
    const keys = change.touches.map(objectKey);
    if (isOwn && !keys.some((key) => touchedByRest.has(key))) {
      batch.push(change);
    } else {
      rest.push(change);
      for (const key of keys) touchedByRest.add(key);
    }
  }
  return { batch, rest };
}

/** Kinds that tell what is, not what somebody means, and that change by the second. */
const coalescedKinds = new Set(["discovery.k8s.io/EndpointSlice"]);

/** Whether a change that touches these objects may wait for others. */
export function mayWait(touches: readonly ObjectRef[]): boolean {
  return touches.length > 0 && touches.every(({ group, kind }) => coalescedKinds.has(`${group}/${kind}`));
}
