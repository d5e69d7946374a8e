import {
  type Commit,
  CommitWriter,
  type EventLog,
  type LogTail,
  type NewCommit,
} from "@routeledger/event-log";
import type { Logger, Metrics } from "@routeledger/service-kit";
import { type Clock, Failure, formatRevision } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";
import type { ConfigFold } from "./config-fold.ts";
import type { DoorMoment } from "./joint-decision.ts";

/** How often a change is decided again when another writer was first. */
export const rebaseMax = 10;

/** What is appended behind the state that it was decided on. */
export type WrittenEvent = Omit<NewCommit, "schemaVersion" | "term">;

export interface AppenderOptions {
  readonly config: EventLog;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Appends to CONFIG, outside of all terms, what is decided on exactly the state before it. One append at a time. */
export class ConfigAppender {
  readonly #options: AppenderOptions;
  readonly #fold: ConfigFold;
  readonly #counters: ReturnType<typeof appendCounters>;

  constructor(options: AppenderOptions, fold: ConfigFold) {
    this.#options = options;
    this.#fold = fold;
    this.#counters = appendCounters(options.metrics);
  }

  /**
   * Appends what `decide` says, if anything; a lost race is decided again on the newer state. Returns when it is
   * stored.
   * @throws what `decide` throws; Failure `busy` after 10 lost races, `tooLarge`, `outcomeUnknown`, `behind`, `log.*`
   */
  async append(decide: (moment: DoorMoment) => WrittenEvent | undefined): Promise<Commit | undefined> {
    for (let attempt = 1; attempt <= rebaseMax; attempt++) {
      const { state, tail } = await this.#fold.caughtUp();
      const timeMs = Math.max(Math.floor(this.#options.clock.wallMs()), tail.timeMs);
      const write = decide({ state, timeMs });
      if (write === undefined) return undefined;
      const commit = await this.#store(write, timeMs, tail);
      if (commit === undefined) {
        this.#counters.lostRaces.inc();
        continue;
      }
      this.#counters.events.inc({ kind: write.kind });
      this.#tell(commit);
      // It is stored whether it is folded in time or not; the next turn reads to the end before it decides.
      await this.#fold.reached(commit.revision.sequence).catch(() => undefined);
      return commit;
    }
    throw apiFailure("busy", `append to CONFIG: others were first ${rebaseMax} times`, "ask again");
  }

  #tell({ revision, kind, actor, source, summary, payload }: Commit): void {
    const fields = { revision: formatRevision(revision), kind, actor, source, summary };
    this.#options.logger.info({ ...fields, bytes: payload.length }, "an event was appended");
  }

  /** Undefined when another writer was first. */
  async #store(write: WrittenEvent, timeMs: number, tail: LogTail): Promise<Commit | undefined> {
    const { config, clock, randomBytes } = this.#options;
    const eventClock: Clock = {
      // The event's time is in the objects too, so it is decided once.
      wallMs: () => timeMs,
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
    };
    const writer = new CommitWriter(config, { clock: eventClock, randomBytes });
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
}

function appendCounters(metrics: Metrics) {
  return {
    events: metrics.counter({
      name: "api_events_total",
      help: "events appended to CONFIG",
      labels: ["kind"],
    }),
    lostRaces: metrics.counter({
      name: "api_lost_races_total",
      help: "changes that were decided again as another writer was first",
    }),
  };
}

function unknownOutcome(cause: Failure): Failure {
  return new Failure("append to CONFIG: nobody knows whether it was stored", {
    code: "outcomeUnknown",
    retryable: true,
    hint: "look at the log, then apply again: what stands already is unchanged",
    cause,
  });
}
