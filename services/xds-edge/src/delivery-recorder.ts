import { CommitWriter, type EventLog } from "@routeledger/event-log";
import { codec, type MessageTypes } from "@routeledger/protos";
import type { Logger } from "@routeledger/service-kit";
import { BoundedQueue, type Clock, fromHex } from "@routeledger/std";
import { type Resource, typeNumbers } from "@routeledger/xds-model";
import type { AckedFact, NackedFact, StreamResponse } from "@routeledger/xds-stream";

export type DeliveryRecord = MessageTypes["routeledger.delivery.v1.Delivery"];
type DeliveryFact = Omit<DeliveryRecord, "counter" | "timeUnixMs">;

/** Facts that wait to be written; what comes when it is full is lost, and counted. */
const waitingMax = 20_000;
/** A batch is written after this, or when it is full. */
const batchDelayMs = 100;
const batchRecordsMax = 1_000;
/** Below the 512 KiB of one message. */
const batchBytesMax = 400 * 1024;
/** Resources in one record: a larger response is said in several records of the same nonce. */
const resourcesMax = 2_000;

const batchCodec = codec("routeledger.delivery.v1.DeliveryBatch");
const recordCodec = codec("routeledger.delivery.v1.Delivery");

export interface DeliveryRecorderOptions {
  readonly log: EventLog;
  readonly edgeId: string;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
}

/** Writes what happened between this edge and its proxies to the DELIVERY log, in batches. Never blocks a stream. */
export class DeliveryRecorder {
  readonly #options: DeliveryRecorderOptions;
  readonly #writer: CommitWriter;
  readonly #startedMs: number;
  readonly #waiting = new BoundedQueue<DeliveryRecord>(waitingMax);
  #counter = 0;
  #lost = 0;
  #cancelTimer: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: DeliveryRecorderOptions) {
    const { log, clock, randomBytes } = options;
    this.#options = options;
    this.#startedMs = clock.wallMs();
    this.#writer = new CommitWriter(log, { clock, randomBytes });
  }

  record(fact: DeliveryFact): void {
    if (this.#lost > 0 && this.#offer({ nodeId: fact.nodeId ?? "", lost: this.#lost })) this.#lost = 0;
    if (!this.#offer(fact)) this.#lost++;
    if (this.#waiting.size >= batchRecordsMax) this.#flush();
    else this.#cancelTimer ??= this.#options.clock.after(batchDelayMs, () => this.#flush());
  }

  /** Resolves when all that was recorded is written, or lost for good. */
  async drain(): Promise<void> {
    this.#flush();
    await this.#writing;
  }

  #offer(fact: DeliveryFact): boolean {
    const record = { ...fact, counter: this.#counter + 1, timeUnixMs: this.#options.clock.wallMs() };
    if (!this.#waiting.offer(record)) return false;
    this.#counter++;
    return true;
  }

  #flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    while (this.#waiting.size > 0) {
      const records = this.#waiting.drain(batchRecordsMax);
      for (const deliveries of inBatches(records)) await this.#append(deliveries);
    }
  }

  async #append(deliveries: DeliveryRecord[]): Promise<void> {
    const { edgeId, logger } = this.#options;
    const payload = batchCodec.encode({ edgeId, edgeStartedUnixMs: this.#startedMs, deliveries });
    const summary = `${deliveries.length} deliveries`;
    const commit = {
      kind: "DeliveryBatch",
      schemaVersion: 1,
      term: 0,
      actor: edgeId,
      source: "edge",
      summary,
      payload,
    };
    try {
      const outcome = await this.#writer.appendUnfenced(commit);
      if (outcome.outcome === "tooLarge") throw new Error(`a batch of ${outcome.bytes} bytes`);
    } catch (error) {
      this.#lost += deliveries.length;
      logger.warn({ err: error, lost: deliveries.length }, "deliveries could not be written");
    }
  }
}

function* inBatches(records: readonly DeliveryRecord[]): Generator<DeliveryRecord[]> {
  let batch: DeliveryRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = recordCodec.encode(record).length + 8;
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

/** The records of one response: several of the same nonce where it holds very many resources. */
export function sentFacts(
  { resourceType, nonce, version, revision, resources, removed }: StreamResponse,
  bytes: number,
) {
  const common = { type: typeNumbers[resourceType], nonce, version, revision };
  const facts = [];
  for (let start = 0; start === 0 || start < resources.length; start += resourcesMax) {
    const some = resources.slice(start, start + resourcesMax).map(sentResource);
    const first = start === 0;
    facts.push({
      sent: { ...common, resources: some, removed: first ? [...removed] : [], bytes: first ? bytes : 0 },
    });
  }
  return facts;
}

export function ackedFact({ resourceType, nonce, version, revision, heldDigest }: AckedFact) {
  return {
    acked: { type: typeNumbers[resourceType], nonce, version, revision, heldDigest: fromHex(heldDigest) },
  };
}

export function nackedFact({ resourceType, nonce, version, revision, code, message, resources }: NackedFact) {
  const some = resources.slice(0, resourcesMax).map(sentResource);
  return {
    nacked: { type: typeNumbers[resourceType], nonce, version, revision, code, message, resources: some },
  };
}

function sentResource({ name, digest }: Resource): { name: string; digest: Uint8Array } {
  return { name, digest: fromHex(digest) };
}
