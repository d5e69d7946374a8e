import type { Logger } from "@routeledger/service-kit";
import { type Clock, pause } from "@routeledger/std";
import { Pace } from "./pace.ts";

/** Node groups of which it is said, once each, that no Gateway made them. */
const unknownGroupsMax = 1_000;

/** How long a new stream waits for its turn at most, milliseconds. */
export const newStreamWaitMsMax = 10_000;

export interface StreamAdmissionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newStreamsPerSecond: number;
  /** How long a new stream waits for the edge to have what the log holds. */
  readonly catchUpDeadlineMs: number;
  /** Whether all that the log holds now is applied; resolves when it is, false when the log does not say. */
  readonly caughtUp: () => Promise<boolean>;
  readonly isKnown: (nodeGroup: string) => boolean;
  readonly stopping: AbortSignal;
}

/** Says when a new stream that has said who it is may be served. */
export class StreamAdmission {
  readonly #options: StreamAdmissionOptions;
  readonly #pace: Pace;
  readonly #unknownGroups = new Set<string>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: StreamAdmissionOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, options.newStreamsPerSecond);
  }

  /**
   * P6: a new stream is served when all that the log holds now is applied, or, with the log out of reach, what there
   * is. Rule 71: so many a second, one a turn of the event loop, so that a herd holds up nobody else. Resolves to why
   * it is not served; undefined when it is.
   */
  async admit(nodeGroup: string): Promise<string | undefined> {
    const { clock, logger, catchUpDeadlineMs, isKnown, stopping, newStreamsPerSecond } = this.#options;
    const waitMs = this.#pace.tryTake(1, newStreamWaitMsMax);
    if (waitMs === undefined) return `more than ${newStreamsPerSecond} new streams a second`;
    if (waitMs > 0) await pause(clock, waitMs, stopping);
    const isCaughtUp = await this.#caughtUp();
    await this.#takeTurn();
    if (!isCaughtUp)
      logger.warn({ nodeGroup, catchUpDeadlineMs }, "edge serves what it has: it may be behind the log");
    if (this.#unknownGroups.size < unknownGroupsMax && !isKnown(nodeGroup)) this.#sayUnknown(nodeGroup);
    return undefined;
  }

  async #caughtUp(): Promise<boolean> {
    const { clock, catchUpDeadlineMs, caughtUp } = this.#options;
    const deadline = Promise.withResolvers<boolean>();
    const cancel = clock.after(catchUpDeadlineMs, () => deadline.resolve(false));
    const isCaughtUp = await Promise.race([caughtUp().catch(() => false), deadline.promise]);
    cancel();
    return isCaughtUp;
  }

  #takeTurn(): Promise<void> {
    this.#turn = this.#turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#turn;
  }

  #sayUnknown(nodeGroup: string): void {
    if (this.#unknownGroups.has(nodeGroup)) return;
    this.#unknownGroups.add(nodeGroup);
    const said = "a proxy names a node group that no Gateway made: it is served nothing";
    this.#options.logger.warn({ nodeGroup }, said);
  }
}
