import {
  decodeConfigEvent,
  encodeStateCheckpoint,
  encodeTermStarted,
  encodeTranslatorActivated,
} from "@routeledger/config-model";
import {
  type CheckpointCommit,
  type Commit,
  CommitWriter,
  configKinds,
  type LogTail,
  type NewCommit,
  writeCheckpoints,
} from "@routeledger/event-log";
import { assert, compareRevisions, Failure, formatRevision, type Revision } from "@routeledger/std";
import {
  foldRevision,
  type RevisionFold,
  TranslationCache,
  translatorVersion,
} from "@routeledger/translation";
import {
  encodePublication,
  encodePublishedCheckpoints,
  type RevisionDelta,
  typeNames,
} from "@routeledger/xds-model";
import type { CrashPoint } from "./crash-point.ts";
import { FencedFollower, type Position } from "./fenced-follower.ts";
import { PendingPublications } from "./pending-publications.ts";
import { type Recovered, readPublished } from "./recover.ts";
import type { TranslatorOptions } from "./translator-options.ts";

/** A publication is cut when its parts reach this, so that a burst of large changes stays within a commit. */
const publicationBytesMax = 16 * 1024 * 1024;

/**
 * The leading translator: one loop. What can happen in it:
 * - items of CONFIG arrive: each is folded, in order, and what they became goes out as one publication;
 * - an append to CONFIG loses the fence (somebody applied something): what came is folded first, then it is tried again;
 * - an append to XDS loses the fence: somebody else publishes; in a higher term, this translator is deposed;
 * - enough revisions went by: checkpoints of both logs and a catalog are written.
 */
export class TranslatorLoop {
  readonly #options: TranslatorOptions;
  readonly #follower: FencedFollower;
  readonly #xdsWriter: CommitWriter;
  readonly #cache = new TranslationCache();
  readonly #reached: (revision: Revision) => void;
  #fold: RevisionFold;
  readonly #pending: PendingPublications;
  #publishedTo: Revision;
  #checkpointAt: number;
  #configTail: LogTail;
  #xdsTail: LogTail;
  #term: number;

  constructor(
    options: TranslatorOptions,
    recovered: Recovered,
    signal: AbortSignal,
    reached: (revision: Revision) => void,
  ) {
    const { state, published, configTail, xdsTail } = recovered;
    this.#options = options;
    this.#reached = reached;
    this.#fold = { state, published, last: undefined };
    this.#configTail = configTail;
    this.#xdsTail = xdsTail;
    this.#publishedTo = published.revision;
    this.#pending = new PendingPublications(configTail.sequence);
    this.#checkpointAt = configTail.sequence;
    const { clock, randomBytes } = options;
    this.#follower = new FencedFollower({
      log: options.logs.config,
      kinds: configKinds,
      from: configTail,
      writer: new CommitWriter(options.logs.config, { clock, randomBytes }),
      signal,
      onStopped: (failure) =>
        options.logger.error({ err: failure }, "translator waits: an event is too new for this version"),
    });
    this.#xdsWriter = new CommitWriter(options.logs.xds, { clock, randomBytes });
    this.#term = 0;
  }

  /** Starts a term and, where another version was active, activates this one; then publishes until the signal. */
  async run(): Promise<void> {
    await this.#crash("recovered");
    await this.#startTerm();
    await this.#activate();
    await this.#publish();
    for (;;) {
      const items = await this.#follower.take();
      if (items.length === 0) return;
      for (const item of items) {
        this.#foldItem(item);
        if (this.#pending.bytes >= publicationBytesMax) await this.#publish();
      }
      await this.#crash("folded");
      await this.#publish();
      await this.#checkpointWhenDue();
    }
  }

  async #startTerm(): Promise<void> {
    const { name } = this.#options;
    await this.#appendToConfig(() => {
      this.#term = Math.max(this.#configTail.term, this.#xdsTail.term) + 1;
      return this.#own(termStarted(this.#term, name));
    });
    await this.#crash("term-in-config");
    await this.#appendToXds(() => this.#own(termStarted(this.#term, name)));
    await this.#crash("term-started");
    this.#options.logger.info(
      { term: this.#term, from: formatRevision(this.#publishedTo) },
      "translator leads",
    );
  }

  async #activate(): Promise<void> {
    const retireGraceMs = this.#options.retireGraceMs;
    await this.#appendToConfig(() => {
      const active = this.#fold.state.translator;
      if (active?.version === translatorVersion && active.retireGraceMs === retireGraceMs) return undefined;
      const payload = encodeTranslatorActivated({ version: translatorVersion, retireGraceMs });
      const summary = `translator version ${translatorVersion}`;
      return this.#own({ kind: "TranslatorActivated", schemaVersion: 1, summary, payload });
    });
    await this.#crash("activated");
  }

  #foldItem({ commit, tail }: Position): void {
    this.#configTail = tail;
    const delta = commit === undefined ? undefined : this.#foldCommit(commit);
    const { revision, timeMs } = this.#fold.state;
    this.#pending.add({ tail, epoch: revision.epoch, timeMs, delta });
  }

  #foldCommit(commit: Commit): RevisionDelta | undefined {
    const folded = foldRevision(this.#fold, decodeConfigEvent(commit), this.#cache);
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
    if (publications.length === 0) return;
    for (const publication of publications) {
      this.#refuseHigherTerm(this.#configTail);
      const { configEpoch: epoch, from, to } = publication;
      const payload = encodePublication(publication);
      const summary = `revisions ${from} to ${to}`;
      await this.#appendToXds(() => this.#own({ kind: "Publication", schemaVersion: 1, summary, payload }));
      this.#publishedTo = { epoch, sequence: to };
      this.#options.logger.debug({ from, to, bytes: payload.length }, "published");
    }
    const revision = this.#publishedTo;
    this.#fold = { ...this.#fold, published: { ...this.#fold.published, revision } };
    this.#reached(revision);
    await this.#crash("published");
  }

  async #checkpointWhenDue(): Promise<void> {
    if (this.#publishedTo.sequence - this.#checkpointAt < this.#options.checkpointEveryRevisions) return;
    const { state, published } = this.#fold;
    const { config, xds } = this.#options.logs;
    const { revision } = published;
    const { randomBytes } = this.#options;
    const round = { revision, configHash: this.#configTail.hash, randomBytes };
    await writeCheckpoints({
      ...round,
      log: config,
      followFrom: this.#configTail,
      states: new Map([["config", encodeStateCheckpoint(state)]]),
      append: (commit) => this.#appendToConfig(() => this.#own(commit)),
    });
    await this.#crash("checkpoint-begun");
    await writeCheckpoints({
      ...round,
      log: xds,
      followFrom: this.#xdsTail,
      states: encodePublishedCheckpoints(published),
      append: (commit) => this.#appendToXds(() => this.#own(commit)),
    });
    // The checkpoints themselves are revisions, to be covered; counting them would make the next round due at once.
    await this.#publish();
    this.#checkpointAt = this.#publishedTo.sequence;
    await this.#crash("checkpoint-written");
    this.#options.logger.info({ revision: formatRevision(published.revision) }, "checkpoint written");
  }

  /**
   * Appends behind all that is folded, and folds what comes first as often as the fence is lost. `decide` is asked
   * again each time, since what came may have changed the answer.
   */
  async #appendToConfig(decide: () => NewCommit | undefined): Promise<void> {
    for (;;) {
      this.#refuseHigherTerm(this.#configTail);
      const commit = decide();
      if (commit === undefined) return;
      const { appended, items } = await this.#follower.append(commit);
      for (const item of items) this.#foldItem(item);
      if (appended) return;
    }
  }

  /** Only a translator writes XDS: a lost fence is another one, of a higher term, or a message without effect. */
  async #appendToXds(decide: () => NewCommit): Promise<void> {
    for (;;) {
      this.#refuseHigherTerm(this.#xdsTail);
      const outcome = await this.#xdsWriter.append(decide(), this.#xdsTail);
      assert(
        outcome.outcome !== "tooLarge",
        `revisions behind ${formatRevision(this.#publishedTo)} to fit into one commit of XDS`,
      );
      if (outcome.outcome === "appended") {
        this.#xdsTail = outcome.tail;
        return;
      }
      const { published, tail } = await readPublished(this.#options.logs.xds);
      this.#refuseHigherTerm(tail);
      if (compareRevisions(published.revision, this.#publishedTo) !== 0)
        throw overtaken(this.#term, published.revision);
      this.#xdsTail = tail;
    }
  }

  #refuseHigherTerm({ term }: LogTail): void {
    if (this.#term === 0 || term <= this.#term) return;
    throw new Failure(`publish in term ${this.#term}: another translator started term ${term}`, {
      code: "translator.deposed",
      retryable: false,
      fields: { term: this.#term, by: term },
    });
  }

  #own(commit: CheckpointCommit): NewCommit {
    return { ...commit, term: this.#term, actor: this.#options.name, source: "translator" };
  }

  async #crash(point: CrashPoint): Promise<void> {
    await this.#options.crashPoint?.(point);
  }
}

/** The translator before this one still published between our reading XDS and our term in it: read it again. */
function overtaken(term: number, at: Revision): Failure {
  return new Failure(`start term ${term}: the translator before went on to revision ${formatRevision(at)}`, {
    code: "translator.overtaken",
    retryable: true,
    fields: { term },
  });
}

function termStarted(term: number, name: string): CheckpointCommit {
  const payload = encodeTermStarted(term, name);
  return { kind: "TermStarted", schemaVersion: 1, summary: `translator ${name} leads`, payload };
}
