import {
  type EventLog,
  LogFollower,
  type LogItem,
  type LogTail,
  readCheckpoints,
  xdsKinds,
} from "@routeledger/event-log";
import type { Logger } from "@routeledger/service-kit";
import { type Clock, compareRevisions, Failure, pause } from "@routeledger/std";
import {
  applyPublication,
  decodePublication,
  decodePublishedCheckpoints,
  emptyPublished,
  type Published,
} from "@routeledger/xds-model";
import { afterFailure, lookAt } from "./log-loss.ts";
import { SharedLogInfo } from "./shared-log-info.ts";

/** Called when what is published has moved on. */
export type PublishedListener = (published: Published, before: Published) => void;

export interface LedgerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onPublished: PublishedListener;
}

/** How long it waits before it reads again: doubled each time, up to the second. */
const backoffMinMs = 50;
const backoffMaxMs = 2_000;
/** What the log says cannot be folded; and how long it waits, at most, until it reads all anew to try again. */
const unfoldable = "edge.unfoldable";
const foldAgainMs = 30_000;
/** How often a log that lost something is looked at again. */
const lookAgainMs = 2_000;

/**
 * An edge's copy of what is published: begins with the last Catalog of the XDS log, folds what follows, and goes on
 * following, whatever happens to the log meanwhile. What it has published is never replaced by something older (P6):
 * where it has to begin again, it keeps what it has until what it reads has come as far.
 */
export class LedgerFollower {
  readonly #xds: EventLog;
  readonly #options: LedgerOptions;
  readonly #info: SharedLogInfo;
  #follower: LogFollower | undefined;
  /** What is served. */
  #published: Published = emptyPublished;
  /** What the log says, as far as it was read: behind what is served only after it began again. */
  #folded: Published = emptyPublished;
  /** Why it does not follow. */
  #trouble: Failure | undefined;
  #isLost = false;
  #ended = false;
  /** Makes the follower read again from where it is. */
  #reattach = new AbortController();
  /** Settles when a follower runs. */
  #running = Promise.withResolvers<void>();

  constructor(xds: EventLog, options: LedgerOptions) {
    this.#xds = xds;
    this.#options = options;
    this.#info = new SharedLogInfo(xds);
  }

  get published(): Published {
    return this.#published;
  }

  /** Why it does not follow the log now, or stopped in it; undefined while all is well. */
  get trouble(): Failure | undefined {
    return this.#trouble;
  }

  /** The last message of the XDS log that is applied. */
  get sequence(): number {
    return this.#follower?.position.sequence ?? 0;
  }

  /**
   * Follows until aborted. Neither what the log's storage does (out of reach, purged, lost, exchanged) nor what cannot
   * be folded ends it; rejects when the log was closed.
   */
  async run(signal: AbortSignal): Promise<void> {
    let delayMs = backoffMinMs;
    try {
      while (!signal.aborted) {
        const before = this.#published;
        const failure = await this.#follow(signal);
        if (failure === undefined) return;
        this.#say(failure);
        this.#running = renewed(this.#running);
        if (afterFailure(failure) === "beginAgain") this.#follower = undefined;
        else if (this.#follower !== undefined) await this.#awaitOperator(signal);
        if (this.#published !== before) delayMs = backoffMinMs;
        await pause(this.#options.clock, delayMs, signal);
        delayMs = Math.min(delayMs * 2, failure.code === unfoldable ? foldAgainMs : backoffMaxMs);
      }
    } finally {
      this.#ended = true;
      this.#running.resolve();
    }
  }

  /**
   * Resolves to true when all that the log holds at some moment after the call is applied (P6), to false when that
   * cannot be found out or reached: the log is out of reach, has lost what was read, or this has ended. Waits while a
   * connection is made anew: callers have deadlines.
   */
  async caughtUp(): Promise<boolean> {
    try {
      const lastSequence = await this.#ask();
      while (!this.#ended && !this.#isStuck) {
        await this.#running.promise;
        if (await this.#reached(lastSequence)) return true;
      }
      return false;
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }

  /** Messages of the log that are not applied yet. Throws what `info` throws. */
  async lag(): Promise<number> {
    return Math.max(0, (await this.#ask()) - this.sequence);
  }

  /** It cannot follow before somebody does something: nobody waits for that. */
  get #isStuck(): boolean {
    const { code } = this.#trouble ?? {};
    return this.#isLost || code === unfoldable || code === "log.tooNew";
  }

  /**
   * The log's last sequence. A log that ends before what was applied, or is another one, lost something: storage need
   * not tell a reader that waits for the next message, so the follower is made to compare all anew.
   */
  async #ask(): Promise<number> {
    const { sequence } = this;
    const known = this.#follower?.identity;
    const { identity, lastSequence } = await this.#info.ask();
    if (lastSequence < sequence || (known !== undefined && identity !== known)) this.#reattach.abort();
    return lastSequence;
  }

  /** Resolves to undefined when aborted, else to what ended it. */
  async #follow(signal: AbortSignal): Promise<Failure | undefined> {
    try {
      this.#follower ??= await untilAborted(this.#begin(), signal);
      if (this.#follower === undefined) return undefined;
      while (!signal.aborted) {
        this.#reattach = new AbortController();
        const running = this.#follower.run({ signal: AbortSignal.any([signal, this.#reattach.signal]) });
        this.#running.resolve();
        await running;
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof Failure) || afterFailure(error) === "end") throw error;
      return signal.aborted ? undefined : error;
    }
  }

  /** Begins with the last Catalog, or with the first message of a log that has none. */
  async #begin(): Promise<LogFollower> {
    const checkpoints = await readCheckpoints(this.#xds, xdsKinds);
    this.#folded =
      checkpoints === undefined ? emptyPublished : decodePublishedCheckpoints(checkpoints.states);
    this.#offer();
    const follower = this.#followFrom(checkpoints?.tail);
    this.#over();
    return follower;
  }

  #followFrom(from: LogTail | undefined, identity?: string): LogFollower {
    return new LogFollower(this.#xds, {
      kinds: xdsKinds,
      from,
      ...(identity !== undefined && { identity }),
      clock: this.#options.clock,
      handle: (items) => this.#apply(items),
      onStopped: (failure) => this.#say(failure),
      onInterrupted: (failure) => this.#say(failure),
      onResumed: () => this.#over(),
    });
  }

  /** Looks at a log that lost something, until it is again the one that was read, or an operator has adopted it. */
  async #awaitOperator(signal: AbortSignal): Promise<void> {
    this.#isLost = true;
    while (!signal.aborted && this.#follower !== undefined) {
      await pause(this.#options.clock, lookAgainMs, signal);
      const { position, identity } = this.#follower;
      const found = await lookAt(this.#xds, position, identity);
      if (found === "adopted") this.#follower = undefined;
      if (found !== "same") continue;
      this.#follower = this.#followFrom(position, identity);
      this.#over();
      break;
    }
    this.#isLost = false;
  }

  #say(failure: Failure): void {
    const { code, hint } = failure;
    if (this.#trouble?.code === code) return;
    this.#trouble = failure;
    const message = "edge serves on what it has: the XDS log is not followed";
    this.#options.logger.error({ err: failure, code, hint }, message);
  }

  #over(): void {
    if (this.#trouble === undefined) return;
    const { code } = this.#trouble;
    this.#trouble = undefined;
    this.#options.logger.info({ code, sequence: this.sequence }, "edge follows the XDS log again");
  }

  /** False when the follower ended before: another one, or the same again, goes on. */
  async #reached(sequence: number): Promise<boolean> {
    try {
      return (await this.#follower?.waitFor(sequence)) ?? false;
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }

  /** What was there at once is offered as one: streams get its last state (rule 52). */
  #apply(items: readonly LogItem[]): void {
    for (const item of items) {
      if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
      const { payload, revision } = item.commit;
      this.#folded = folded(
        () => applyPublication(this.#folded, decodePublication(payload)),
        revision.sequence,
      );
    }
    if (this.#trouble?.code !== unfoldable) this.#over();
    this.#offer();
  }

  #offer(): void {
    const before = this.#published;
    if (this.#folded === before || compareRevisions(this.#folded.revision, before.revision) < 0) return;
    this.#published = this.#folded;
    this.#over();
    this.#options.onPublished(this.#published, before);
  }
}

/** @throws Failure `edge.unfoldable`: a checkpoint that comes later may go round it, so it is tried again */
function folded(fold: () => Published, sequence: number): Published {
  try {
    return fold();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure(`fold message ${sequence} of the XDS log: ${reason}`, {
      code: unfoldable,
      retryable: true,
      hint: "no version of ours writes that: keep the log, and run a translator that writes checkpoints behind it",
      fields: { sequence },
      cause: error,
    });
  }
}

/** A new one when the old one is settled. */
function renewed(deferred: PromiseWithResolvers<void>): PromiseWithResolvers<void> {
  deferred.resolve();
  return Promise.withResolvers<void>();
}

/** What the promise resolves to; undefined when aborted before. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  return Promise.race([promise, aborted]);
}
