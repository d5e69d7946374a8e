import type { Moment, SnapshotStore } from "@routeledger/snapshot-store";
import { type Clock, Failure, formatRevision } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";
import type { ConfigDoor } from "./config-door.ts";

/** How long a read waits for the store to have what was written before it, milliseconds. */
const readDeadlineMs = 5_000;
/** How long objects wait for their statuses, milliseconds. */
const statusDeadlineMs = 1_000;

/** The store as the api asks it: a read sees all that was appended before it was asked. */
export class ReadSide {
  readonly store: SnapshotStore;
  readonly #door: ConfigDoor;
  readonly #clock: Clock;

  constructor(store: SnapshotStore, door: ConfigDoor, clock: Clock) {
    this.store = store;
    this.#door = door;
    this.#clock = clock;
  }

  /**
   * Waits until the store has all events; for revisions that it has it asks nobody, so they can be read while the log
   * is out of reach.
   * @param moments what is asked about
   * @throws Failure `behind` after 5 s, `log.unreachable`
   */
  async settled(moments: readonly Moment[] = [{ type: "head" }]): Promise<void> {
    const held = this.store.config.value;
    if (moments.every((moment) => moment.type === "sequence" && moment.sequence <= held)) return;
    const lastItem = await this.#lastItem();
    await this.#within("the store", (signal) => this.store.config.waitFor(lastItem, signal));
  }

  /**
   * Waits until the store has all events and, for at most 1 s, what they became: objects are shown while no
   * translator runs, with the statuses that they had.
   */
  async settledWithStatuses(moment: Moment = { type: "head" }): Promise<void> {
    await this.settled([moment]);
    const { revision } = await this.store.query("head", {});
    const wanted = moment.type === "sequence" ? moment.sequence : revision.sequence;
    const late = new AbortController();
    const cancel = this.#clock.after(statusDeadlineMs, () => late.abort());
    await this.store.published.waitFor(Math.min(wanted, revision.sequence), late.signal);
    cancel();
  }

  /**
   * Waits until the store also has what the events up to these moments became.
   * @throws Failure `behind` after 5 s, and as `at`
   */
  async published(moments: readonly Moment[]): Promise<void> {
    await this.settled(moments);
    const sequences = await Promise.all(moments.map(async (moment) => (await this.at(moment)).sequence));
    const last = Math.max(...sequences);
    await this.#within("the translator", (signal) => this.store.published.waitFor(last, signal));
  }

  /**
   * The revision of the event that was the last one at a moment, and its time.
   * @throws Failure `badMoment`, `compacted`
   */
  async at(
    moment: Moment,
  ): Promise<{ readonly epoch: number; readonly sequence: number; readonly timeMs: number }> {
    const resolved = await this.store.query("resolveMoment", { moment });
    switch (resolved.outcome) {
      case "found":
        return { ...resolved.revision, timeMs: resolved.timeMs };
      case "beforeOldest":
        throw resolved.oldest.sequence === 0
          ? apiFailure("badMoment", "nothing was applied yet")
          : apiFailure("compacted", `compacted: oldest ${formatRevision(resolved.oldest)}`);
      case "missing": {
        const { from, next } = resolved;
        throw apiFailure(
          "compacted",
          `compacted: ${from} to ${next.sequence - 1} are missing, the next is ${formatRevision(next)}`,
          "this store was away while the logs were purged; another api's store may hold them",
        );
      }
      case "afterHead":
        throw apiFailure(
          "badMoment",
          `there is no such revision yet: the last is ${formatRevision(resolved.head)}`,
        );
      case "otherEpoch":
        throw apiFailure(
          "badMoment",
          `that sequence is of another epoch: it is ${formatRevision(resolved.revision)}`,
        );
    }
  }

  async #lastItem(): Promise<number> {
    try {
      return await this.#door.lastItem();
    } catch (cause) {
      const { revision } = await this.store.query("head", {});
      if (!(cause instanceof Failure && cause.code === "log.unreachable") || revision.sequence === 0)
        throw cause;
      const { message, code, retryable } = cause;
      const hint = `the store has everything up to @${formatRevision(revision)}: that moment can be asked for (--at, ?at=)`;
      throw new Failure(message, { code, retryable, hint, cause });
    }
  }

  async #within(who: string, wait: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
    const late = new AbortController();
    const cancel = this.#clock.after(readDeadlineMs, () => late.abort());
    try {
      if (await wait(late.signal)) return;
      throw apiFailure(
        "behind",
        `${who} is behind: what was written before is not there after 5 s`,
        "see `routeledger doctor`",
      );
    } finally {
      cancel();
    }
  }
}
