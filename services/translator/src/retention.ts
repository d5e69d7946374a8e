import type { LogTail } from "@routeledger/event-log";
import type { Revision } from "@routeledger/std";

/** A round of checkpoints, complete in both logs. */
export interface CheckpointRound {
  readonly config: RoundInLog;
  readonly xds: RoundInLog;
}

export interface RoundInLog {
  /** Replay goes on behind it. */
  readonly followFrom: LogTail;
  readonly catalogSequence: number;
}

/** A store's word that it holds both logs durably up to these positions. */
export interface Confirmation {
  readonly storeId: string;
  readonly config: Revision;
  readonly xds: Revision;
}

export interface RetentionOptions {
  /** Rounds that both logs keep. */
  readonly retainCheckpoints: number;
  /** Distinct stores that must hold what is purged. */
  readonly storesToConfirm: number;
}

/** Distinct stores that are remembered; one that falls out counts again when it confirms again. */
const storesMax = 1_000;

/**
 * What may be purged. Knows only the rounds and confirmations of its own leadership, so after a change of leader
 * nothing is purged until enough new ones came.
 */
export class Retention {
  readonly #options: RetentionOptions;
  /** The oldest is the one that was purged up to, once there was one. */
  #rounds: CheckpointRound[] = [];
  #purged: CheckpointRound | undefined;
  readonly #confirmed = new Map<string, Confirmation>();

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  get newest(): CheckpointRound | undefined {
    return this.#rounds.at(-1);
  }

  written(round: CheckpointRound): void {
    this.#rounds.push(round);
  }

  confirmed(confirmation: Confirmation): void {
    const { storeId } = confirmation;
    this.#confirmed.delete(storeId);
    this.#confirmed.set(storeId, confirmation);
    const [oldest] = this.#confirmed.keys();
    if (this.#confirmed.size > storesMax && oldest !== undefined) this.#confirmed.delete(oldest);
  }

  /** The round from which on both logs are to be kept; undefined when nothing may be purged that is still there. */
  horizon(): CheckpointRound | undefined {
    const { retainCheckpoints, storesToConfirm } = this.#options;
    const newestToKeep = this.#rounds.length - retainCheckpoints;
    const horizon = this.#rounds.findLast(
      (round, index) => index <= newestToKeep && this.#holders(round) >= storesToConfirm,
    );
    return horizon === this.#purged ? undefined : horizon;
  }

  /** Both logs begin at `round` now. */
  purged(round: CheckpointRound): void {
    this.#purged = round;
    this.#rounds = this.#rounds.slice(this.#rounds.indexOf(round));
  }

  #holders({ config, xds }: CheckpointRound): number {
    return [...this.#confirmed.values()].filter(
      (confirmed) => holds(confirmed.config, config.followFrom) && holds(confirmed.xds, xds.followFrom),
    ).length;
  }
}

/** What was confirmed in another epoch says nothing of the log that is there now. */
function holds({ epoch, sequence }: Revision, upTo: LogTail): boolean {
  return epoch === upTo.epoch && sequence >= upTo.sequence;
}
