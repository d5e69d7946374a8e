import { CommitWriter, deliveryKinds, type EventLog, type NewCommit } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import type { Logger } from "@routeledger/service-kit";
import { BoundedQueue, type Clock, Failure, pause } from "@routeledger/std";
import { bytesAtMost, type DeliveryFact, type DeliveryRecord, namesIn } from "./delivery-facts.ts";

/** Facts that wait to be written, and names in them; what comes when it is full is lost, and counted. */
const waitingMax = 20_000;
const waitingNamesMax = 2_000_000;
/** A batch is written after this, or when it is full. */
const batchDelayMs = 100;
const batchRecordsMax = 1_000;
/** Below the 512 KiB of one message. */
const batchBytesMax = 400 * 1024;
/** A batch that the log could not be reached for is tried again after the one, doubled up to the other. */
const retryMinMs = 100;
const retryMaxMs = 2_000;
/** Nothing was stored, or perhaps: a record that comes twice says so itself, by its counter. */
const outages: ReadonlySet<string> = new Set(["log.unreachable", "log.unknownOutcome"]);

type Timed = DeliveryFact & Required<Pick<DeliveryRecord, "timeUnixMs">>;

const batchCodec = codec("routeledger.delivery.v1.DeliveryBatch");

export interface DeliveryRecorderOptions {
  readonly log: EventLog;
  readonly edgeId: string;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
  /** Called with how many facts were lost just now. */
  readonly onLost?: (count: number) => void;
}

/** Writes what happened between this edge and its proxies to the DELIVERY log, in batches. Never blocks a stream. */
export class DeliveryRecorder {
  readonly #options: DeliveryRecorderOptions;
  readonly #writer: CommitWriter;
  readonly #startedMs: number;
  readonly #waiting = new BoundedQueue<DeliveryRecord>(waitingMax);
  readonly #ending = new AbortController();
  /** What each stream holds back and that is not queued yet, by its id: of a stream whose gates flap the newest counts. */
  readonly #gates = new Map<number, Timed>();
  #waitingNames = 0;
  /** Taken from `#waiting`, not yet written. */
  #writingCount = 0;
  #counter = 0;
  #lost = 0;
  #cancelTimer: (() => void) | undefined;
  #isWriting = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: DeliveryRecorderOptions) {
    const { log, clock, randomBytes } = options;
    this.#options = options;
    this.#startedMs = clock.wallMs();
    this.#writer = new CommitWriter(log, { clock, randomBytes });
  }

  /** Facts that are not written yet. */
  get waiting(): number {
    return this.#waiting.size + this.#gates.size + this.#writingCount;
  }

  record(fact: DeliveryFact): void {
    const { streamId = 0 } = fact;
    if (fact.gates !== undefined) {
      this.#gates.set(streamId, { ...fact, timeUnixMs: this.#options.clock.wallMs() });
    } else {
      // A stream that ended holds back nothing (rule D4).
      if (fact.disconnected !== undefined) this.#gates.delete(streamId);
      this.#queue(fact);
    }
    if (this.#waiting.size >= batchRecordsMax) this.#flush();
    else this.#cancelTimer ??= this.#options.clock.after(batchDelayMs, () => this.#flush());
  }

  #queue(fact: DeliveryFact | Timed): void {
    if (this.#lost > 0) this.#sayLost();
    if (!this.#offer(fact)) this.#lose(1);
  }

  /** Until the log takes more, what is held back may change again. */
  #queueGates(): void {
    for (const fact of this.#gates.values()) this.#queue(fact);
    this.#gates.clear();
  }

  /**
   * Resolves when all that was recorded is written, or said to be lost as far as the log takes that, or after
   * `atMostMs`: what is not written then is lost, which a line of the log says.
   */
  async drain(atMostMs: number): Promise<void> {
    const { clock, logger } = this.#options;
    const deadline = Promise.withResolvers<"late">();
    const cancel = clock.after(atMostMs, () => deadline.resolve("late"));
    const outcome = await Promise.race([this.#writeAll(), deadline.promise]);
    cancel();
    if (outcome !== "late") return;
    this.#ending.abort();
    const lost = this.waiting + this.#lost;
    logger.warn({ lost, atMostMs }, "the last deliveries could not be written");
  }

  async #writeAll(): Promise<void> {
    this.#flush();
    await this.#writing;
    if (this.#lost === 0) return;
    this.#sayLost();
    this.#flush();
    await this.#writing;
  }

  #sayLost(): void {
    if (this.#offer({ nodeId: "", lost: this.#lost })) this.#lost = 0;
  }

  #offer(fact: DeliveryFact | Timed): boolean {
    const names = namesIn(fact);
    if (this.#waitingNames + names > waitingNamesMax) return false;
    const record = { timeUnixMs: this.#options.clock.wallMs(), ...fact, counter: this.#counter + 1 };
    if (!this.#waiting.offer(record)) return false;
    this.#waitingNames += names;
    this.#counter++;
    return true;
  }

  #flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#write().finally(() => {
      this.#isWriting = false;
    });
  }

  /** Until nothing waits; what is recorded meanwhile is written, too. */
  async #write(): Promise<void> {
    for (;;) {
      this.#queueGates();
      if (this.#waiting.size === 0) return;
      const records = this.#waiting.drain(batchRecordsMax);
      this.#writingCount = records.length;
      for (const record of records) this.#waitingNames -= namesIn(record);
      for (const deliveries of inBatches(records)) {
        await this.#append(deliveries);
        // Large batches cost milliseconds each: streams come in between (P9).
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.#writingCount = 0;
    }
  }

  async #append(deliveries: DeliveryRecord[]): Promise<void> {
    const { edgeId, logger } = this.#options;
    const payload = batchCodec.encode({ edgeId, edgeStartedUnixMs: this.#startedMs, deliveries });
    const summary = `${deliveries.length} deliveries`;
    const commit = {
      kind: "DeliveryBatch",
      // The lowest that has what it holds, so that older readers read as long as they can.
      schemaVersion: deliveries.some(({ loads }) => loads !== undefined) ? deliveryKinds.DeliveryBatch : 2,
      term: 0,
      actor: edgeId,
      source: "edge",
      summary,
      payload,
    };
    const failure = await this.#written(commit);
    if (failure === undefined) return;
    const lost = deliveries.reduce((sum, record) => sum + (record.lost ?? 1), 0);
    this.#lose(lost);
    logger.warn({ err: failure, lost }, "deliveries could not be written");
  }

  /**
   * Resolves to undefined, or to why it could not be written. While the log is out of reach it is tried again, so
   * that a short outage loses nothing: what comes meanwhile waits, as far as there is room.
   */
  async #written(commit: NewCommit): Promise<unknown> {
    const { clock, logger } = this.#options;
    for (let delayMs = retryMinMs; ; delayMs = Math.min(2 * delayMs, retryMaxMs)) {
      try {
        const outcome = await this.#writer.appendUnfenced(commit);
        return outcome.outcome === "tooLarge" ? new Error(`a batch of ${outcome.bytes} bytes`) : undefined;
      } catch (error) {
        const isOutage = error instanceof Failure && outages.has(error.code);
        if (!isOutage || this.#ending.signal.aborted) return error;
        if (delayMs === retryMinMs) logger.warn({ err: error }, "deliveries wait: the log is out of reach");
        await pause(clock, delayMs, this.#ending.signal);
      }
    }
  }

  #lose(count: number): void {
    this.#lost += count;
    this.#options.onLost?.(count);
  }
}

function* inBatches(records: readonly DeliveryRecord[]): Generator<DeliveryRecord[]> {
  let batch: DeliveryRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = bytesAtMost(record);
    if (batch.length > 0 && bytes + size > batchBytesMax) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
