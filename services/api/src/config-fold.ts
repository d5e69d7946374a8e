import {
  type ConfigState,
  decodeConfigEvent,
  decodeStateCheckpoint,
  emptyConfigState,
  evolve,
} from "@routeledger/config-model";
import {
  configKinds,
  type EventLog,
  LogFollower,
  type LogTail,
  readCheckpoints,
} from "@routeledger/event-log";
import type { Logger } from "@routeledger/service-kit";
import type { Clock, Failure } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";

/** How long one waits for this process to have read the log's end, milliseconds. */
const readDeadlineMs = 5_000;

export interface FoldOptions {
  readonly config: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The state at the end of the log. */
export interface CaughtUp {
  readonly state: ConfigState;
  /** Behind the last message. */
  readonly tail: LogTail;
}

/** CONFIG, folded as far as this process has read it. While the log is out of reach it stands still. */
export class ConfigFold {
  readonly #config: EventLog;
  readonly #clock: Clock;
  readonly #follower: LogFollower;
  readonly #stopping = new AbortController();
  #state: ConfigState;
  /** The log holds what this version cannot read: nothing is decided until an operator has skipped it. */
  #stoppedBy: Failure | undefined;

  private constructor({ config, clock, logger }: FoldOptions, state: ConfigState, from: LogTail | undefined) {
    this.#config = config;
    this.#clock = clock;
    this.#state = state;
    this.#follower = new LogFollower(config, {
      ...{ from, kinds: configKinds, clock },
      onStopped: (failure) => {
        this.#stoppedBy = failure;
      },
      onInterrupted: (err) =>
        logger.warn({ err }, "CONFIG is out of reach: changes are refused until it is back"),
      onResumed: () => logger.info({}, "CONFIG is there again"),
      handle: (items) => {
        this.#stoppedBy = undefined;
        for (const item of items) {
          if (item.type === "commit") this.#state = evolve(this.#state, decodeConfigEvent(item.commit));
        }
      },
    });
  }

  /** Begins with the last checkpoint. Follow with `run`. */
  static async open(options: FoldOptions): Promise<ConfigFold> {
    const checkpoints = await readCheckpoints(options.config, configKinds);
    const bytes = checkpoints?.states.get("config");
    const state = bytes === undefined ? emptyConfigState : decodeStateCheckpoint(bytes);
    return new ConfigFold(options, state, checkpoints?.tail);
  }

  /** Follows the log until `stop`. Rejects with what ended it. */
  run(): Promise<void> {
    return this.#follower.run({ signal: this.#stopping.signal });
  }

  stop(): void {
    this.#stopping.abort();
  }

  get state(): ConfigState {
    return this.#state;
  }

  /**
   * Reads to the end of the log, which must not move on meanwhile: what is decided on it is appended there.
   * @throws Failure `behind` when that is not reached in 5 s, `log.tooNew` when this version cannot read it,
   * `log.unreachable`
   */
  async caughtUp(): Promise<CaughtUp> {
    const lateMs = this.#clock.monotonicMs() + readDeadlineMs;
    for (;;) {
      const lastSequence = await this.#readToEnd();
      const tail = this.#follower.tail;
      // Where more was read meanwhile, it may not be folded yet.
      if (tail.sequence === lastSequence) return { state: this.#state, tail };
      if (this.#clock.monotonicMs() > lateMs) throw behind();
    }
  }

  /** Sequence of the last event, when all that was in the log is folded. @throws as `caughtUp` */
  async lastItem(): Promise<number> {
    await this.#readToEnd();
    return this.#follower.position.sequence;
  }

  async #readToEnd(): Promise<number> {
    if (this.#stoppedBy !== undefined) throw this.#stoppedBy;
    const { lastSequence } = await this.#config.info();
    await this.reached(lastSequence);
    return lastSequence;
  }

  /** Waits until all up to a sequence is folded. @throws Failure `behind` after 5 s, `notReady` when it stops */
  async reached(sequence: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#clock.after(readDeadlineMs, () => late.reject(behind()));
    try {
      const reached = await Promise.race([this.#follower.waitFor(sequence), late.promise]);
      if (!reached) throw apiFailure("notReady", "read CONFIG: the api is stopping");
    } finally {
      cancel();
    }
  }
}

function behind(): Failure {
  return apiFailure("behind", "read CONFIG: its end was not reached in 5 s", "see the api's log");
}
