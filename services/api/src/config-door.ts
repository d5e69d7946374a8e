import {
  type ConfigState,
  decodeConfigEvent,
  decodeStateCheckpoint,
  emptyConfigState,
  encodeChangeSet,
  encodeStoreConfirmed,
  evolve,
  type ObjectChange,
} from "@routeledger/config-model";
import {
  type Commit,
  CommitWriter,
  configKinds,
  type EventLog,
  LogFollower,
  type LogTail,
  type NewCommit,
  readCheckpoints,
} from "@routeledger/event-log";
import { assert, type Clock, Failure, formatRevision, type Revision } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";

/** How often a change is decided again when another writer was first. */
export const rebaseMax = 10;
/** How long a change waits for this process to have read the log's end, milliseconds. */
const readDeadlineMs = 5_000;

export interface DoorOptions {
  /** The actor of what this process writes by itself. */
  readonly name: string;
  readonly config: EventLog;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** What a change is decided on. */
export interface DoorMoment {
  readonly state: ConfigState;
  /** The time that the event will have, milliseconds since 1970. */
  readonly timeMs: number;
}

export interface Decision {
  readonly changes: readonly ObjectChange[];
  readonly summary: string;
}

/** Who changes something, through what. */
export interface Author {
  readonly actor: string;
  readonly source: string;
  /** W3C traceparent, or empty. */
  readonly traceContext: string;
}

/** A store's word that it holds both logs, durably, up to these positions. */
export interface StoreConfirmation {
  /** 32 hexadecimal digits. */
  readonly storeId: string;
  readonly config: Revision;
  readonly xds: Revision;
}

/** What a turn appends behind the state that it was decided on. */
type Written = Omit<NewCommit, "schemaVersion" | "term">;

/**
 * The one door to CONFIG: folds it, and appends what was decided on exactly the state before. A lost race is
 * decided again on the newer state, at most 10 times. Changes of this process wait for each other.
 */
export class ConfigDoor {
  readonly #options: DoorOptions;
  readonly #follower: LogFollower;
  readonly #stopping = new AbortController();
  #state: ConfigState;
  /** The log holds what this version cannot read: nothing is decided until an operator has skipped it. */
  #stoppedBy: Failure | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: DoorOptions, state: ConfigState, from: LogTail | undefined) {
    this.#options = options;
    this.#state = state;
    this.#follower = new LogFollower(options.config, {
      from,
      kinds: configKinds,
      onStopped: (failure) => {
        this.#stoppedBy = failure;
      },
      handle: (items) => {
        this.#stoppedBy = undefined;
        for (const item of items) {
          if (item.type === "commit") this.#state = evolve(this.#state, decodeConfigEvent(item.commit));
        }
      },
    });
  }

  /** Begins with the last checkpoint. Follow with `run`. */
  static async open(options: DoorOptions): Promise<ConfigDoor> {
    const checkpoints = await readCheckpoints(options.config, configKinds);
    const bytes = checkpoints?.states.get("config");
    const state = bytes === undefined ? emptyConfigState : decodeStateCheckpoint(bytes);
    return new ConfigDoor(options, state, checkpoints?.tail);
  }

  /** Follows the log until `stop`. Rejects with what ended it. */
  run(): Promise<void> {
    return this.#follower.run({ signal: this.#stopping.signal });
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** As far as this process has read; `caughtUp` reads to the end. */
  get state(): ConfigState {
    return this.#state;
  }

  /**
   * The state at the end of the log; `tail` is behind its last message, `lastItem` the sequence of the last event.
   * @throws Failure `behind` when it is not read in 5 s, `log.tooNew` when this version cannot read it
   */
  async caughtUp(): Promise<{
    readonly state: ConfigState;
    readonly tail: LogTail;
    readonly lastItem: number;
  }> {
    for (;;) {
      if (this.#stoppedBy !== undefined) throw this.#stoppedBy;
      const { lastSequence } = await this.#options.config.info();
      const reached = await this.#withinDeadline(this.#follower.waitFor(lastSequence));
      if (!reached) throw apiFailure("notReady", "read CONFIG: the api is stopping");
      const tail = this.#follower.tail;
      // Where more was read meanwhile, it may not be folded yet.
      if (tail.sequence === lastSequence) {
        return { state: this.#state, tail, lastItem: this.#follower.position.sequence };
      }
    }
  }

  /**
   * Appends one event of what `decide` says, or nothing when it changes nothing. `decide` is pure and may be called
   * again. Returns the commit, and the state and time that the last decision was made on.
   *
   * @throws what `decide` throws; Failure `conflict` after 10 lost races, `tooLarge`, `outcomeUnknown`
   */
  change<D extends Decision>(
    decide: (moment: DoorMoment) => D,
    author: Author,
  ): Promise<{ readonly decision: D; readonly commit: Commit | undefined; readonly moment: DoorMoment }> {
    return this.#inTurn(async () => {
      const { decided, commit } = await this.#append((moment) => {
        const decision = decide(moment);
        const { changes, summary } = decision;
        if (changes.length === 0) return { decided: { decision, moment } };
        const payload = encodeChangeSet(changes);
        return { decided: { decision, moment }, write: { kind: "ChangeSet", ...author, summary, payload } };
      });
      return { ...decided, commit };
    });
  }

  /**
   * Appends a store's confirmation: what it holds may be purged. In turn with the changes, and as they are.
   * @throws as `change`
   */
  confirm({ storeId, config, xds }: StoreConfirmation): Promise<Commit> {
    const payload = encodeStoreConfirmed({ storeId, config, xds });
    const summary = `store ${storeId.slice(0, 8)} holds CONFIG to ${formatRevision(config)}, XDS to ${formatRevision(xds)}`;
    const write = {
      ...{ kind: "StoreConfirmed", actor: this.#options.name, source: "store", traceContext: "" },
      ...{ summary, payload },
    };
    return this.#inTurn(async () => {
      const { commit } = await this.#append(() => ({ decided: undefined, write }));
      assert(commit !== undefined, "a confirmation that is appended");
      return commit;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Appends what is decided on the state before it; nothing without `write`. */
  async #append<D>(
    decide: (moment: DoorMoment) => { readonly decided: D; readonly write?: Written },
  ): Promise<{ readonly decided: D; readonly commit: Commit | undefined }> {
    for (let attempt = 1; attempt <= rebaseMax; attempt++) {
      const { state, tail } = await this.caughtUp();
      const timeMs = Math.max(Math.floor(this.#options.clock.wallMs()), tail.timeMs);
      const { decided, write } = decide({ state, timeMs });
      if (write === undefined) return { decided, commit: undefined };
      const commit = await this.#store(write, timeMs, tail);
      if (commit === undefined) continue;
      await this.#read(commit);
      return { decided, commit };
    }
    throw apiFailure("conflict", `append to CONFIG: others were first ${rebaseMax} times`, "try again");
  }

  /** Undefined when another writer was first. */
  async #store(write: Written, timeMs: number, tail: LogTail): Promise<Commit | undefined> {
    const { config, clock, randomBytes } = this.#options;
    // The event's time is in the objects too, so it is decided once.
    const writer = new CommitWriter(config, { clock: { ...clock, wallMs: () => timeMs }, randomBytes });
    const outcome = await writer
      .append({ ...write, schemaVersion: 1, term: 0 }, tail)
      .catch((cause: unknown) => {
        throw cause instanceof Failure && cause.code === "log.unknownOutcome" ? unknownOutcome(cause) : cause;
      });
    switch (outcome.outcome) {
      case "appended":
        return outcome.commit;
      case "fenced":
        return undefined;
      case "tooLarge":
        throw apiFailure(
          "tooLarge",
          `append to CONFIG: the change is ${outcome.bytes} bytes, expected at most ${outcome.bytesMax}`,
          "apply it in several steps",
        );
    }
  }

  /**
   * Waits until what was appended is folded, so that `state` has it. It is stored whether that succeeds or not: who
   * appended it is told so, and the next turn reads to the end before it decides.
   */
  async #read({ revision }: Commit): Promise<void> {
    await this.#withinDeadline(this.#follower.waitFor(revision.sequence)).catch(() => undefined);
  }

  async #withinDeadline(work: Promise<boolean>): Promise<boolean> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(readDeadlineMs, () =>
      late.reject(apiFailure("behind", "read CONFIG: its end was not reached in 5 s", "see the api's log")),
    );
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      cancel();
    }
  }
}

function unknownOutcome(cause: Failure): Failure {
  return new Failure("append to CONFIG: nobody knows whether it was stored", {
    code: "outcomeUnknown",
    retryable: true,
    hint: "look at the log, then apply again: what stands already is unchanged",
    cause,
  });
}
