import { type EventLog, LogFollower, type LogItem, readCheckpoints, xdsKinds } from "@routeledger/event-log";
import type { Logger } from "@routeledger/service-kit";
import { Failure } from "@routeledger/std";
import {
  applyPublication,
  decodePublication,
  decodePublishedCheckpoints,
  emptyPublished,
  type Published,
} from "@routeledger/xds-model";

/** Called when what is published has moved on. */
export type PublishedListener = (published: Published, before: Published) => void;

/**
 * An edge's copy of what is published: begins with the last Catalog of the XDS log, folds what follows, and goes on
 * following. Holds nothing that the log does not.
 */
export class LedgerFollower {
  readonly #xds: EventLog;
  readonly #follower: LogFollower;
  readonly #onPublished: PublishedListener;
  #published: Published;

  private constructor(xds: EventLog, start: Published, options: FollowerOptions) {
    this.#xds = xds;
    this.#published = start;
    this.#onPublished = options.onPublished;
    this.#follower = new LogFollower(xds, {
      kinds: xdsKinds,
      from: options.from,
      handle: (items) => this.#apply(items),
      onStopped: (failure) =>
        options.logger.error({ err: failure }, "edge serves on: a publication is too new for this version"),
    });
  }

  /** Reads the checkpoints; `run` reads what follows. */
  static async open(xds: EventLog, logger: Logger, onPublished: PublishedListener): Promise<LedgerFollower> {
    const checkpoints = await readCheckpoints(xds, xdsKinds);
    const start = checkpoints === undefined ? emptyPublished : decodePublishedCheckpoints(checkpoints.states);
    return new LedgerFollower(xds, start, { from: checkpoints?.tail, logger, onPublished });
  }

  get published(): Published {
    return this.#published;
  }

  /** Follows until aborted. Throws what the log or its reader throws. */
  run(signal: AbortSignal): Promise<void> {
    return this.#follower.run({ signal });
  }

  /**
   * Resolves to true when all that the log holds at this moment is applied (P6), to false when that could not be
   * found out: the log is out of reach, or the follower has ended.
   */
  async caughtUp(): Promise<boolean> {
    try {
      const { lastSequence } = await this.#xds.info();
      return await this.#follower.waitFor(lastSequence);
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }

  /** What was there at once is offered as one: streams get its last state (rule 52). */
  #apply(items: readonly LogItem[]): void {
    const before = this.#published;
    for (const item of items) {
      if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
      this.#published = applyPublication(this.#published, decodePublication(item.commit.payload));
    }
    if (this.#published !== before) this.#onPublished(this.#published, before);
  }
}

interface FollowerOptions {
  readonly from: ConstructorParameters<typeof LogFollower>[1]["from"];
  readonly logger: Logger;
  readonly onPublished: PublishedListener;
}
