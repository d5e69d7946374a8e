import { decodeConfigEvent, encodeTranslatorActivated } from "@routeledger/config-model";
import {
  type CheckpointCommit,
  type Commit,
  CommitWriter,
  configKinds,
  type LogTail,
  type NewCommit,
} from "@routeledger/event-log";
import { formatRevision } from "@routeledger/std";
import {
  foldRevision,
  type RevisionFold,
  type TranslationCache,
  translatorVersion,
} from "@routeledger/translation";
import { encodePublication, type RevisionDelta, typeNames } from "@routeledger/xds-model";
import { announceWhileLeading } from "./announcer.ts";
import { AppendQueue } from "./append-queue.ts";
import { CheckpointKeeper } from "./checkpoint-keeper.ts";
import type { CrashPoint } from "./crash-point.ts";
import { answersCommit } from "./extensions/answers-commit.ts";
import { ExtensionCaller } from "./extensions/extension-caller.ts";
import { FencedFollower, type Position, stoppedFailure } from "./fenced-follower.ts";
import { PendingPublications } from "./pending-publications.ts";
import type { Recovered } from "./recover.ts";
import { refuseHigherTerm, termStarted, yieldedFailure } from "./term.ts";
import {
  announceEveryMsDefault,
  type TranslatorOptions,
  takeoverAfterMsDefault,
} from "./translator-options.ts";
import type { TranslatorReport } from "./translator-report.ts";
import { XdsOutbox } from "./xds-outbox.ts";

/** A publication is cut when its parts reach this, so that a burst of large changes stays within a commit. */
const publicationBytesMax = 16 * 1024 * 1024;

export interface TranslatorLoopOptions {
  readonly translator: TranslatorOptions;
  readonly report: TranslatorReport;
  readonly recovered: Recovered;
  readonly cache: TranslationCache;
  /** Revisions that were published since the last Catalog of CONFIG. */
  readonly eventsSinceCatalog: number;
  /** The highest term of which it is known that its translator is gone; absent: whichever the logs hold. */
  readonly over: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * One leadership of a translator: one loop. What can happen in it:
 * - items of CONFIG arrive: each is folded, in order, and what they became goes out as one publication;
 * - an append to CONFIG loses the fence (somebody applied something): what came is folded first, then it is tried again;
 * - before its term began, another one begins a term: it yields;
 * - an append to XDS loses the fence, or CONFIG shows it: another one is in a higher term, this translator is deposed;
 * - an extension server was asked, beside the loop, and answered or did not: that becomes an event;
 * - enough revisions went by: checkpoints of both logs and a catalog are written, beside the loop, which appends them
 *   between its publications;
 * - enough stores confirmed that they hold them: what lies before is purged, beside the loop too;
 * - CONFIG cannot be read: the follower waits; an append fails: the loop ends, and whoever runs it recovers again.
 */
export class TranslatorLoop {
  readonly #options: TranslatorOptions;
  readonly #report: TranslatorReport;
  readonly #signal: AbortSignal;
  readonly #over: number | undefined;
  readonly #follower: FencedFollower;
  readonly #outbox: XdsOutbox;
  readonly #keeper: CheckpointKeeper;
  readonly #queue: AppendQueue;
  readonly #cache: TranslationCache;
  readonly #pending: PendingPublications;
  readonly #extensions: ExtensionCaller;
  #fold: RevisionFold;
  /** What extensions were last called for. */
  #calledFor: RevisionFold["last"];
  /** Read and not folded: what came before the term began. */
  #held: Position[] = [];
  /** Behind what is folded. */
  #configTail: LogTail;
  /** Highest term in what was read of CONFIG. */
  #configTerm: number;
  #term = 0;
  /** What ended the work beside the loop, and ends the loop. */
  #defect: { readonly error: unknown } | undefined;
  #published = false;
  /** Counts what was done: while it does not change, nothing is. */
  #progress = 0;
  #readAtMs: number;

  constructor(options: TranslatorLoopOptions) {
    const { translator, report, recovered, cache, eventsSinceCatalog, over, signal } = options;
    const { state, published, configTail, xdsTail } = recovered;
    const { clock, randomBytes, logger, logs } = translator;
    const { random = Math.random, keyring = () => undefined } = translator;
    this.#options = translator;
    this.#report = report;
    this.#signal = signal;
    this.#over = over;
    this.#cache = cache;
    this.#fold = { state, published, last: undefined };
    this.#pending = new PendingPublications(configTail.sequence);
    this.#configTail = configTail;
    this.#configTerm = configTail.term;
    this.#readAtMs = clock.monotonicMs();
    this.#follower = new FencedFollower({
      log: logs.config,
      kinds: configKinds,
      from: configTail,
      writer: new CommitWriter(logs.config, { clock, randomBytes }),
      signal,
      clock,
      onStopped: (failure) =>
        logger.error({ err: failure }, "translator waits: an event is too new for this version"),
      onInterrupted: (failure) => logger.warn({ err: failure }, "translator waits: CONFIG is out of reach"),
    });
    this.#queue = new AppendQueue(() => this.#follower.wake());
    const writer = new CommitWriter(logs.xds, { clock, randomBytes });
    this.#outbox = new XdsOutbox({ xds: logs.xds, writer, tail: xdsTail, publishedTo: published.revision });
    this.#extensions = new ExtensionCaller({
      ...{ clock, logger, random, keyring, report: report.extensions },
      append: (decide) => this.#queue.ask(() => this.#appendToConfig(() => answersCommit(decide()))),
      unasked: () => cache.unaskedPoints(),
    });
    const appendToConfig = (commit: CheckpointCommit) =>
      this.#queue.ask(() => this.#appendToConfig(() => commit));
    const appendToXds = (commit: CheckpointCommit) => this.#queue.ask(() => this.#appendToXds(commit));
    this.#keeper = new CheckpointKeeper(
      { translator, report, appendToConfig, appendToXds },
      eventsSinceCatalog,
    );
  }

  /** The term that stands in CONFIG, 0 before. */
  get term(): number {
    return this.#term;
  }

  /** Whether anything was published in the term. */
  get published(): boolean {
    return this.#published;
  }

  /** Starts a term and, where another version was active, activates this one; then publishes until the signal. */
  async run(): Promise<void> {
    await this.#crash("recovered");
    await this.#startTerm();
    await this.#foldAll(this.#held.splice(0));
    try {
      await this.#activate();
      await this.#publish();
      this.#callExtensions();
      while (!this.#signal.aborted) await this.#turn();
    } finally {
      this.#queue.close();
      this.#extensions.close();
    }
  }

  async #turn(): Promise<void> {
    const items = await this.#follower.take();
    if (items.length > 0) {
      this.#readAtMs = this.#options.clock.monotonicMs();
      await this.#foldAll(items);
      await this.#crash("folded");
      await this.#publish();
    }
    if (this.#defect) throw this.#defect.error;
    await this.#queue.doAll();
    await this.#publish();
    this.#callExtensions();
    if (this.#keeper.due) this.#keepCheckpoints();
  }

  /** CONFIG first: a term that stands only there is continued by the next one. */
  async #startTerm(): Promise<void> {
    const { name, logs, logger } = this.#options;
    const { lastSequence } = await logs.config.info();
    this.#hold(await this.#follower.takeUntil(lastSequence));
    const gone = Math.max(this.#configTerm, this.#outbox.tail.term);
    if (gone > (this.#over ?? gone)) throw yieldedFailure(gone);
    for (let appended = false; !appended; ) {
      this.#refuseWhenStopped();
      if (this.#configTerm > gone) throw yieldedFailure(this.#configTerm);
      const commit = { ...termStarted(gone + 1, name), term: gone + 1, actor: name, source: "translator" };
      const outcome = await this.#follower.append(commit);
      this.#hold(outcome.items);
      ({ appended } = outcome);
    }
    this.#term = gone + 1;
    void this.#announce();
    await this.#crash("term-in-config");
    await this.#appendToXds(termStarted(this.#term, name));
    this.#report.leads(this.#term);
    const from = formatRevision(this.#outbox.publishedTo);
    logger.info({ term: this.#term, from, waiting: this.#held.length }, "translator leads");
    await this.#crash("term-started");
  }

  #announce(): Promise<void> {
    const { signals, clock, name, logs } = this.#options;
    const { announceEveryMs = announceEveryMsDefault, takeoverAfterMs = takeoverAfterMsDefault } =
      this.#options;
    return announceWhileLeading(
      {
        ...{ config: logs.config, clock, everyMs: announceEveryMs, stuckAfterMs: takeoverAfterMs },
        progress: () => this.#progress,
        publishedTo: () => this.#outbox.publishedTo.sequence,
        announce: () => signals?.say({ kind: "leads", term: this.#term, name }),
        surveyed: (lastSequence) => this.#report.surveyed(lastSequence),
      },
      this.#signal,
    );
  }

  async #activate(): Promise<void> {
    const retireGraceMs = this.#options.retireGraceMs;
    await this.#appendToConfig(() => {
      const active = this.#fold.state.translator;
      if (active?.version === translatorVersion && active.retireGraceMs === retireGraceMs) return undefined;
      const payload = encodeTranslatorActivated({ version: translatorVersion, retireGraceMs });
      const summary = `translator version ${translatorVersion}`;
      return { kind: "TranslatorActivated", schemaVersion: 1, summary, payload };
    });
    await this.#crash("activated");
  }

  #hold(items: readonly Position[]): void {
    for (const { tail } of items) this.#configTerm = Math.max(this.#configTerm, tail.term);
    this.#held.push(...items);
  }

  /** Folds in order; what grows too large for one publication goes out at once. */
  async #foldAll(items: readonly Position[]): Promise<void> {
    for (const item of items) {
      this.#foldItem(item);
      if (this.#pending.bytes >= publicationBytesMax) await this.#publish();
    }
  }

  #foldItem({ commit, tail }: Position): void {
    this.#progress++;
    this.#configTail = tail;
    this.#configTerm = Math.max(this.#configTerm, tail.term);
    const delta = commit === undefined ? undefined : this.#foldCommit(commit);
    const { revision, timeMs } = this.#fold.state;
    this.#pending.add({ tail, epoch: revision.epoch, timeMs, delta });
  }

  #foldCommit(commit: Commit): RevisionDelta | undefined {
    const event = decodeConfigEvent(commit);
    this.#keeper.saw(event.fact);
    const folded = foldRevision(this.#fold, event, this.#cache);
    this.#fold = folded;
    for (const { nodeGroup, dangling } of folded.alarms) {
      const missing = dangling.map(
        ({ from, to }) => `${typeNames[from.type]} ${from.name} names ${typeNames[to.type]} ${to.name}`,
      );
      const revision = formatRevision(folded.state.revision);
      this.#options.logger.error(
        { nodeGroup, revision, missing },
        "snapshot is not closed: the node group keeps its last one",
      );
    }
    return folded.delta;
  }

  /** Covers all that was folded. */
  async #publish(): Promise<void> {
    const publications = this.#pending.take();
    for (const publication of publications) {
      const { configEpoch: epoch, from, to } = publication;
      const payload = encodePublication(publication);
      const summary = `revisions ${from} to ${to}`;
      const revision = { epoch, sequence: to };
      await this.#appendToXds({ kind: "Publication", schemaVersion: 1, summary, payload }, revision);
      this.#published = true;
      const { clock, logger } = this.#options;
      this.#report.published(revision, (clock.monotonicMs() - this.#readAtMs) / 1000);
      logger.debug({ from, to, bytes: payload.length }, "published");
    }
    if (publications.length === 0) return;
    const revision = this.#outbox.publishedTo;
    this.#fold = { ...this.#fold, published: { ...this.#fold.published, revision } };
    await this.#crash("published");
  }

  /** Asks extension servers, beside the loop, what the state wants to know. */
  #callExtensions(): void {
    const { state, last } = this.#fold;
    if (last === undefined || last === this.#calledFor) return;
    this.#calledFor = last;
    this.#extensions.follow(
      state,
      [...last.extended.values()].flatMap(({ calls }) => calls),
    );
  }

  /** Goes on beside the loop; all that was folded is published now. */
  #keepCheckpoints(): void {
    const { state, published } = this.#fold;
    const moment = { state, published, configTail: this.#configTail, xdsTail: this.#outbox.tail };
    this.#keeper.work(moment).catch((error: unknown) => {
      this.#defect = { error };
      this.#follower.wake();
    });
  }

  /**
   * Appends behind all that is folded, and folds what comes first as often as the fence is lost. `decide` is asked
   * again each time, since what came may have changed the answer.
   */
  async #appendToConfig(decide: () => CheckpointCommit | undefined): Promise<void> {
    for (;;) {
      this.#refuseWhenStopped();
      refuseHigherTerm(this.#term, this.#configTerm);
      const commit = decide();
      if (commit === undefined) return;
      const { appended, items } = await this.#follower.append(this.#own(commit));
      this.#progress++;
      await this.#foldAll(items);
      if (appended) return;
    }
  }

  async #appendToXds(commit: CheckpointCommit, publishes = this.#outbox.publishedTo): Promise<void> {
    this.#refuseWhenStopped();
    refuseHigherTerm(this.#term, this.#configTerm);
    await this.#outbox.append(this.#own(commit), publishes);
    this.#progress++;
  }

  #refuseWhenStopped(): void {
    if (this.#signal.aborted) throw stoppedFailure();
  }

  #own(commit: CheckpointCommit): NewCommit {
    return { ...commit, term: this.#term, actor: this.#options.name, source: "translator" };
  }

  async #crash(point: CrashPoint): Promise<void> {
    await this.#options.crashPoint?.(point);
  }
}
