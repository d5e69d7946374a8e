import { Interruption, isInterruption } from "@routeledger/event-log";
import { Failure, pause } from "@routeledger/std";
import type { CrashPoint } from "./crash-point.ts";
import { LeaderWatch } from "./leader-watch.ts";
import { TranslatorLoop } from "./translator-loop.ts";
import {
  announceEveryMsDefault,
  type TranslatorOptions,
  takeoverAfterMsDefault,
} from "./translator-options.ts";
import type { TranslatorReport } from "./translator-report.ts";
import { WarmStandby } from "./warm-standby.ts";

/** Tries to lead, one after another without having led, that may fail since the logs moved on meanwhile. */
const triesMax = 10;
/** Standbys that hear the same wait up to so long, so that they seldom try at once. */
const scatterMs = 50;
/** A leadership that another ended before so many `takeoverAfterMs` was a short one. */
const shortTakeovers = 10;
/** With each short one after the first a translator waits twice as long for a leader, up to so many times. */
const patienceMax = 16;

export interface RunOptions {
  readonly translator: TranslatorOptions;
  readonly report: TranslatorReport;
  readonly signal: AbortSignal;
}

/** How a try to lead ended. */
type Outcome =
  | { readonly type: "stopped" }
  /** Another one leads, in a higher term. */
  | { readonly type: "deposed"; readonly by: number; readonly failure: Failure }
  /** Another one was first to begin a term. */
  | { readonly type: "yielded"; readonly by: number }
  /** Read the logs again: somebody else wrote meanwhile. */
  | { readonly type: "overtaken"; readonly term: number; readonly failure: Failure }
  /** The logs' storage failed; what was appended may stand there or not. */
  | { readonly type: "interrupted"; readonly term: number; readonly failure: Failure };

/** What a reader says that has to begin again with the last Catalog. */
const beginAgain: ReadonlySet<string> = new Set(["log.compacted", "log.adopted", "log.skippedAfterRead"]);

/** What a translator does from start to stop: it stands by, tries to lead, leads, and stands by again. */
export class TranslatorRun {
  readonly #options: TranslatorOptions;
  readonly #report: TranslatorReport;
  readonly #signal: AbortSignal;
  readonly #watch: LeaderWatch | undefined;
  readonly #standby: WarmStandby;
  readonly #interruption: Interruption;
  /** Leaderships in a row that others ended soon. */
  #shortOnes = 0;
  /** Monotonic time of the last try to lead. */
  #triedAtMs = 0;
  #tries = 0;

  constructor({ translator, report, signal }: RunOptions) {
    const { signals, clock, logs, logger } = translator;
    const { takeoverAfterMs = takeoverAfterMsDefault, announceEveryMs = announceEveryMsDefault } = translator;
    this.#options = translator;
    this.#report = report;
    this.#signal = signal;
    this.#watch = signals && new LeaderWatch({ signals, clock, takeoverAfterMs });
    this.#standby = new WarmStandby({ ...{ logs, clock, report }, followEveryMs: announceEveryMs });
    this.#interruption = new Interruption({
      clock,
      onInterrupted: (failure) =>
        logger.warn({ err: failure }, "translator recovers again: the logs' storage failed"),
      onResumed: () => logger.info({}, "the logs are there again"),
    });
  }

  /** Ends when the signal is aborted. Throws Failure for what an operator must mend. */
  async run(): Promise<void> {
    try {
      let over: number | undefined;
      let waits = true;
      while (!this.#signal.aborted) {
        if (waits) {
          const turn = await this.#standBy();
          if (turn === undefined) return;
          ({ over } = turn);
        }
        const outcome = await this.#lead(over);
        if (outcome.type === "stopped") return;
        // One that led goes on at once, unless another began a term meanwhile; others hear first whether one leads.
        over = "term" in outcome && outcome.term > 0 ? outcome.term : undefined;
        waits = over === undefined;
        if (outcome.type === "interrupted") await this.#interruption.pause(outcome.failure, this.#signal);
        else if (outcome.type === "overtaken") this.#countTry(outcome.failure);
        else await this.#anotherLeads(outcome);
      }
    } finally {
      this.#watch?.close();
    }
  }

  /** Resolves when it is time to try, over which term; to undefined when stopped. */
  async #standBy(): Promise<{ over: number | undefined } | undefined> {
    if (this.#watch === undefined) return { over: undefined };
    const itsTurn = new AbortController();
    const signal = AbortSignal.any([this.#signal, itsTurn.signal]);
    const following = this.#standby.follow(signal);
    const waiting = this.#turn(this.#watch, signal);
    const turn = await Promise.race([waiting, following]).finally(() => itsTurn.abort());
    if (!turn || this.#signal.aborted) return undefined;
    await following;
    this.#options.logger.info(turn, "translator tries to lead");
    return turn;
  }

  /**
   * Why it is time to try, and over which term: one that began since then began in time. Undefined when stopped.
   * Standbys that hear the same seldom end at once.
   */
  async #turn(
    watch: LeaderWatch,
    signal: AbortSignal,
  ): Promise<{ because: string; over: number } | undefined> {
    const { randomBytes, clock } = this.#options;
    // Leaders that stall, or that cannot be heard, are not replaced for ever, one by the other.
    const patience = Math.min(2 ** Math.max(0, this.#shortOnes - 1), patienceMax);
    for (;;) {
      const because = await watch.turn(patience, signal);
      const over = Math.max(watch.term, this.#standby.term);
      const [chance = 0] = randomBytes(1);
      await pause(clock, (scatterMs * chance) / 256, signal);
      if (signal.aborted) return undefined;
      if (watch.due(patience) !== undefined) return { because, over };
    }
  }

  async #lead(over: number | undefined): Promise<Outcome> {
    const { logs } = this.#options;
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#signal, ended.signal]);
    let loop: TranslatorLoop | undefined;
    this.#triedAtMs = this.#options.clock.monotonicMs();
    try {
      const start = await this.#standby.take();
      const catalog = await logs.config.lastOf("Catalog");
      this.#interruption.over();
      loop = new TranslatorLoop({
        ...{ translator: this.#options, report: this.#report, ...start, over, signal },
        eventsSinceCatalog: start.recovered.configTail.sequence - (catalog?.sequence ?? 0),
      });
      await loop.run();
      await this.#resigned(loop.term);
      return { type: "stopped" };
    } catch (error) {
      if (loop?.published) this.#tries = 0;
      const outcome = this.#outcomeOf(error, loop);
      if (outcome?.type === "stopped" || outcome === undefined) await this.#resigned(loop?.term ?? 0);
      if (outcome === undefined) throw error;
      return outcome;
    } finally {
      this.#report.standsBy();
      ended.abort();
    }
  }

  /** Undefined for what ends the translator. */
  #outcomeOf(failure: unknown, loop: TranslatorLoop | undefined): Outcome | undefined {
    if (this.#signal.aborted) return { type: "stopped" };
    if (!(failure instanceof Failure)) return undefined;
    const { term = 0 } = loop ?? {};
    const by = Number(failure.fields.by);
    if (failure.code === "translator.deposed") return { type: "deposed", by, failure };
    if (failure.code === "translator.yielded") return { type: "yielded", by };
    if (failure.code === "translator.overtaken" || beginAgain.has(failure.code))
      return { type: "overtaken", term, failure };
    return isInterruption(failure) ? { type: "interrupted", term, failure } : undefined;
  }

  /** Without signals there is nobody to stand by for. @throws Failure `translator.deposed` then */
  async #anotherLeads(outcome: Outcome & { type: "deposed" | "yielded" }): Promise<void> {
    const { by } = outcome;
    this.#options.logger.info({ by }, "translator stands by: another one leads");
    this.#watch?.restart(by);
    if (outcome.type === "yielded") return;
    if (this.#watch === undefined) throw outcome.failure;
    const { clock, takeoverAfterMs = takeoverAfterMsDefault } = this.#options;
    const ledMs = clock.monotonicMs() - this.#triedAtMs;
    this.#shortOnes = ledMs < shortTakeovers * takeoverAfterMs ? this.#shortOnes + 1 : 0;
    await this.#crash("deposed");
  }

  #countTry(failure: Failure): void {
    if (++this.#tries >= triesMax) throw failure;
  }

  async #resigned(term: number): Promise<void> {
    if (term === 0) return;
    const { signals, name, logger } = this.#options;
    signals?.say({ kind: "resigns", term, name });
    logger.info({ term }, "translator resigned");
    await this.#crash("resigned");
  }

  async #crash(point: CrashPoint): Promise<void> {
    await this.#options.crashPoint?.(point);
  }
}
