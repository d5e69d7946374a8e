import { encodeChangeSet, encodeStoreConfirmed, type ObjectRef } from "@routeledger/config-model";
import type { Commit, EventLog } from "@routeledger/event-log";
import { type Logger, Metrics, silentLogger } from "@routeledger/service-kit";
import {
  assert,
  type Clock,
  type Failure,
  formatRevision,
  type Keyring,
  type Revision,
} from "@routeledger/std";
import type { AddressRange } from "./address-range.ts";
import { apiFailure } from "./api-failure.ts";
import { type Author, ChangeCoalescer, mayWait, type WaitingChange } from "./change-coalescer.ts";
import { ConfigAppender, type WrittenEvent } from "./config-appender.ts";
import { type CaughtUp, ConfigFold } from "./config-fold.ts";
import {
  type Decide,
  type Decision,
  type DoorMoment,
  decideJointly,
  type JointDecision,
} from "./joint-decision.ts";

/** How far apart events of endpoint changes alone are at least, milliseconds, where nobody says otherwise. */
export const coalesceEndpointsDefaultMs = 100;

/** Changes that are not answered yet; one more is refused. */
export const pendingMax = 10_000;
/** How long a change waits for those before it, milliseconds: the log may be slow to say that it cannot be reached. */
const turnDeadlineMs = 10_000;

export interface DoorOptions {
  /** The actor of what this process writes by itself. */
  readonly name: string;
  readonly config: EventLog;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Default 100; 0: every change of endpoints is an event of its own. */
  readonly coalesceEndpointsMs?: number;
  /** What Gateways of ours that name no address get. Default: none. */
  readonly gatewayAddresses?: AddressRange | undefined;
  /** Seals Secrets. Default: none, so that none is taken. */
  readonly sealingKeys?: { readonly keyring: Keyring } | undefined;
}

/** A store's word that it holds both logs, durably, up to these positions. */
export interface StoreConfirmation {
  /** 32 hexadecimal digits. */
  readonly storeId: string;
  readonly config: Revision;
  readonly xds: Revision;
}

/** What became of a change. */
export interface Changed<D extends Decision> {
  /** The last one, on the state before the event. */
  readonly decision: D;
  /** The event, which other changes of endpoints may share; undefined where the decision changes nothing. */
  readonly commit: Commit | undefined;
}

interface PendingChange extends WaitingChange {
  readonly decide: Decide;
  done(commit: Commit | undefined): void;
  failed(error: unknown): void;
}

/**
 * The one door to CONFIG: folds it, and appends what was decided on exactly the state before. A lost race is
 * decided again on the newer state, at most 10 times. Changes of this process wait for each other, in the order in
 * which they came; those of endpoints alone may share an event, and never come behind what came after them.
 */
export class ConfigDoor {
  readonly #options: DoorOptions;
  readonly #fold: ConfigFold;
  readonly #coalescer: ChangeCoalescer<PendingChange> | undefined;
  readonly #appender: ConfigAppender;
  readonly #coalesced: ReturnType<typeof coalescedCounter>;
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  private constructor(options: DoorOptions, fold: ConfigFold) {
    const { clock, coalesceEndpointsMs: windowMs = coalesceEndpointsDefaultMs } = options;
    this.#options = options;
    this.#fold = fold;
    const metrics = options.metrics ?? new Metrics();
    this.#appender = new ConfigAppender({ logger: silentLogger, ...options, metrics }, fold);
    this.#coalesced = coalescedCounter(metrics);
    const carryOut = (changes: readonly PendingChange[]) => this.#carryOut(changes);
    this.#coalescer = windowMs > 0 ? new ChangeCoalescer({ clock, windowMs, carryOut }) : undefined;
  }

  /** Begins with the last checkpoint. Follow with `run`. */
  static async open(options: DoorOptions): Promise<ConfigDoor> {
    const { config, clock, logger = silentLogger } = options;
    return new ConfigDoor(options, await ConfigFold.open({ config, clock, logger }));
  }

  /** Follows the log until `stop`. Rejects with what ended it. */
  run(): Promise<void> {
    return this.#fold.run();
  }

  /** What waits for other changes waits no more. */
  flush(): void {
    this.#coalescer?.flush();
  }

  /** Ends the reading; changes that are not appended yet fail. */
  stop(): void {
    this.#fold.stop();
  }

  /** What those who decide give Gateways that name no address. */
  get gatewayAddresses(): AddressRange | undefined {
    return this.#options.gatewayAddresses;
  }

  /** What seals Secrets now; undefined where none are taken. */
  get keyring(): Keyring | undefined {
    return this.#options.sealingKeys?.keyring;
  }

  /** Changes that are not answered yet. */
  get pending(): number {
    return this.#pending;
  }

  /** As far as this process has read; `caughtUp` reads to the end. */
  get state(): ConfigFold["state"] {
    return this.#fold.state;
  }

  /** The state at the end of the log. @throws Failure `behind` after 5 s, `log.tooNew`, `log.unreachable` */
  caughtUp(): Promise<CaughtUp> {
    return this.#fold.caughtUp();
  }

  /** Sequence of the last event in the log. @throws as `caughtUp` */
  lastItem(): Promise<number> {
    return this.#fold.lastItem();
  }

  /**
   * Appends one event of what `decide` says, or nothing when it changes nothing. `decide` is pure and may be called
   * again.
   *
   * @param touches every object that it may change, where that is known: a change of endpoints alone may share its
   * event with others of the same author, and waits up to `coalesceEndpointsMs` for them
   * @throws what `decide` throws; Failure `busy` after 10 lost races, when its turn does not come within 10 s, and
   * while 10,000 changes are pending; `tooLarge`, `outcomeUnknown`, `log.*`
   */
  change<D extends Decision>(
    decide: (moment: DoorMoment) => D,
    author: Author,
    touches: readonly ObjectRef[] = [],
  ): Promise<Changed<D>> {
    if (this.#pending >= pendingMax) return Promise.reject(tooManyPending());
    const { promise, resolve, reject } = Promise.withResolvers<Changed<D>>();
    let last: D | undefined;
    const pending: PendingChange = {
      author,
      touches,
      decide: (moment) => {
        last = decide(moment);
        return last;
      },
      done: (commit) => {
        assert(last !== undefined, "a change that was decided");
        resolve({ decision: last, commit: last.changes.length === 0 ? undefined : commit });
      },
      failed: reject,
    };
    if (this.#coalescer !== undefined && mayWait(touches)) {
      this.#coalescer.add(pending);
    } else {
      this.flush();
      void this.#carryOut([pending]);
    }
    this.#pending += 1;
    return promise.finally(() => {
      this.#pending -= 1;
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
      const commit = await this.#appender.append(() => write);
      assert(commit !== undefined, "a confirmation that is appended");
      return commit;
    });
  }

  /**
   * Appends what `decide` says, if anything, in turn with the changes. `decide` is pure and may be called again.
   * @throws what `decide` throws; as `change`
   */
  append(decide: (moment: DoorMoment) => WrittenEvent | undefined): Promise<Commit | undefined> {
    this.flush();
    return this.#inTurn(() => this.#appender.append(decide));
  }

  /** Changes of one author, as one event, or as several where they do not go together. Never rejects. */
  #carryOut(changes: readonly PendingChange[]): Promise<void> {
    const { clock } = this.#options;
    const lateMs = clock.monotonicMs() + turnDeadlineMs;
    return this.#inTurn(async () => {
      if (clock.monotonicMs() > lateMs) {
        for (const { failed } of changes) failed(turnLate());
        return;
      }
      for (let rest = changes; rest.length > 0; ) {
        const taken = await this.#changeJointly(rest);
        if (taken > 1) this.#coalesced.inc(taken - 1);
        rest = rest.slice(taken);
      }
    });
  }

  /** Returns how many of the changes are answered, at least one. */
  async #changeJointly(pending: readonly PendingChange[]): Promise<number> {
    const { author } = pending[0]!;
    const decides = pending.map(({ decide }) => decide);
    let joint: JointDecision | undefined;
    let commit: Commit | undefined;
    try {
      commit = await this.#appender.append((moment) => {
        joint = decideJointly(decides, moment);
        const { changes, summary } = joint;
        if (changes.length === 0) return undefined;
        return { kind: "ChangeSet", ...author, summary, payload: encodeChangeSet(changes) };
      });
    } catch (error) {
      const taken = joint?.answers.length ?? pending.length;
      for (const { failed } of pending.slice(0, taken)) failed(error);
      return taken;
    }
    assert(joint !== undefined, "changes that were decided");
    for (const [index, answer] of joint.answers.entries()) {
      if (answer.outcome === "decided") pending[index]!.done(commit);
      else pending[index]!.failed(answer.error);
    }
    return joint.answers.length;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function coalescedCounter(metrics: Metrics) {
  return metrics.counter({
    name: "api_coalesced_changes_total",
    help: "changes of endpoints that share the event of an earlier one",
  });
}

function turnLate(): Failure {
  return apiFailure(
    "busy",
    "append to CONFIG: those before it took over 10 s; nothing was appended",
    "ask again",
  );
}

function tooManyPending(): Failure {
  return apiFailure("busy", `append to CONFIG: ${pendingMax} changes wait for the log`, "ask again");
}
