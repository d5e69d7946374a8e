import {
  type ConfigFact,
  type ConfigState,
  encodeStateCheckpoint,
  stateCheckpointVersion,
} from "@routeledger/config-model";
import {
  type CheckpointCommit,
  configKinds,
  type LogTail,
  readCheckpoints,
  writeCheckpoints,
  xdsKinds,
} from "@routeledger/event-log";
import { Failure, formatRevision, type Revision } from "@routeledger/std";
import { encodePublishedCheckpoints, type Published } from "@routeledger/xds-model";
import type { CrashPoint } from "./crash-point.ts";
import { type CheckpointRound, Retention } from "./retention.ts";
import type { TranslatorOptions } from "./translator-options.ts";
import type { TranslatorReport } from "./translator-report.ts";

/** What a round of checkpoints is of: all of one revision, and published. */
export interface CheckpointMoment {
  readonly state: ConfigState;
  readonly published: Published;
  /** Behind the CONFIG message at the revision. */
  readonly configTail: LogTail;
  /** Behind the publication of the revision. */
  readonly xdsTail: LogTail;
}

export interface CheckpointKeeperOptions {
  readonly translator: TranslatorOptions;
  readonly report: TranslatorReport;
  readonly appendToConfig: (commit: CheckpointCommit) => Promise<void>;
  readonly appendToXds: (commit: CheckpointCommit) => Promise<void>;
}

/**
 * A leader's checkpoints: when they are due, how they are written, and what is purged behind them. Works beside the
 * loop, which does the appends.
 */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions;
  readonly #retention: Retention | undefined;
  #eventsSince: number;
  #busy = false;

  /** @param eventsSince how many revisions were published since the last Catalog */
  constructor(options: CheckpointKeeperOptions, eventsSince: number) {
    this.#options = options;
    this.#eventsSince = eventsSince;
    const { retainCheckpoints = 0, storesToConfirm = 0 } = options.translator;
    if (retainCheckpoints > 0) this.#retention = new Retention({ retainCheckpoints, storesToConfirm });
  }

  /** A fact was folded. What rounds themselves bring about does not make the next one due. */
  saw(fact: ConfigFact): void {
    if (fact.type === "storeConfirmed") this.#retention?.confirmed(fact);
    else if (fact.type !== "checkpoint") this.#eventsSince++;
  }

  /** Whether there is something to do, and nothing is being done. */
  get due(): boolean {
    return !this.#busy && (this.#roundDue || this.#retention?.horizon() !== undefined);
  }

  /**
   * Writes a round when enough revisions went by since the last, and purges what may go. Takes as long as the logs
   * take; the loop goes on meanwhile. A round that fails is said and left, and one comes when as much went by again:
   * the Catalogs before it hold. What ends the loop is thrown by the loop.
   */
  async work(moment: CheckpointMoment): Promise<void> {
    this.#busy = true;
    try {
      if (this.#roundDue) await this.#write(moment);
      await this.#purgeWhenAllowed();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // Of what ended the loop, the loop speaks.
      if (!error.code.startsWith("translator."))
        this.#options.translator.logger.error({ err: error }, "checkpoints were not written");
    } finally {
      this.#busy = false;
    }
  }

  get #roundDue(): boolean {
    return this.#eventsSince >= this.#options.translator.checkpointEveryRevisions;
  }

  /** Writes checkpoints of both logs; each is read back before a Catalog names it (K6). */
  async #write({ state, published, configTail, xdsTail }: CheckpointMoment): Promise<void> {
    const { translator, report, appendToConfig, appendToXds } = this.#options;
    const { clock, randomBytes, logger } = translator;
    const startedMs = clock.monotonicMs();
    this.#eventsSince = 0;
    const round = { revision: published.revision, configHash: configTail.hash, randomBytes };
    const configCatalog = await writeCheckpoints({
      ...{ ...round, log: translator.logs.config, followFrom: configTail, append: appendToConfig },
      states: new Map([["config", encodeStateCheckpoint(state)]]),
      closedVersions: new Map([["config", stateCheckpointVersion(state)]]),
    });
    await this.#crash("checkpoint-begun");
    const xdsCatalog = await writeCheckpoints({
      ...{ ...round, log: translator.logs.xds, followFrom: xdsTail, append: appendToXds },
      states: encodePublishedCheckpoints(published),
    });
    this.#retention?.written({
      config: { followFrom: configTail, catalogSequence: configCatalog },
      xds: { followFrom: xdsTail, catalogSequence: xdsCatalog },
    });
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    report.checkpointed(seconds);
    await this.#crash("checkpoint-written");
    logger.info({ revision: formatRevision(published.revision), seconds }, "checkpoints are written");
  }

  /**
   * Purges both logs up to the round that is to be kept, when there is more than that. A purge that fails is said,
   * and tried again behind the next round: the logs only stay longer.
   */
  async #purgeWhenAllowed(): Promise<void> {
    const horizon = this.#retention?.horizon();
    if (horizon === undefined) return;
    const { logger } = this.#options.translator;
    try {
      await this.#purge(horizon);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      logger.error({ err: error }, "logs were not purged");
    }
    this.#retention?.purged(horizon);
  }

  async #purge(horizon: CheckpointRound): Promise<void> {
    const { translator, report } = this.#options;
    const { logs, logger } = translator;
    await this.#readBack();
    // The message at the position itself stays, so that whoever begins there can compare its hash.
    const before = { config: horizon.config.followFrom.sequence, xds: horizon.xds.followFrom.sequence };
    await logs.xds.purge(before.xds);
    await logs.config.purge(before.config);
    report.purged(before);
    const revision: Revision = { epoch: horizon.config.followFrom.epoch, sequence: before.config };
    logger.info({ oldest: formatRevision(revision), xds: before.xds }, "logs are purged");
    await this.#crash("purged");
  }

  /** Nothing is purged before the last Catalogs were read back, with all that they name (K6). */
  async #readBack(): Promise<void> {
    const { config, xds } = this.#options.translator.logs;
    const newest = this.#retention?.newest;
    const found = [await readCheckpoints(config, configKinds), await readCheckpoints(xds, xdsKinds)];
    const sequences = found.map((checkpoints) => checkpoints?.catalogSequence);
    if (sequences[0] === newest?.config.catalogSequence && sequences[1] === newest?.xds.catalogSequence)
      return;
    throw new Failure(`read back the last Catalogs: found them at ${sequences.join(" and ")}`, {
      code: "log.checkpointUnreadable",
      retryable: true,
      hint: "nothing was purged; look at the logs' storage if this is said again",
    });
  }

  async #crash(point: CrashPoint): Promise<void> {
    await this.#options.translator.crashPoint?.(point);
  }
}
