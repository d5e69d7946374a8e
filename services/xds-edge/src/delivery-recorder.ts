import { CommitWriter, type EventLog } from "@routeledger/event-log";
import { codec, type MessageTypes } from "@routeledger/protos";
import type { Logger } from "@routeledger/service-kit";
import { BoundedQueue, type Clock, fromHex } from "@routeledger/std";
import { type Resource, typeNumbers } from "@routeledger/xds-model";
import type { AckedFact, NackedFact, StreamResponse } from "@routeledger/xds-stream";

export type DeliveryRecord = MessageTypes["routeledger.delivery.v1.Delivery"];
type DeliveryFact = Omit<DeliveryRecord, "counter" | "timeUnixMs">;

/** Facts that wait to be written, and names in them; what comes when it is full is lost, and counted. */
const waitingMax = 20_000;
const waitingNamesMax = 2_000_000;
/** A batch is written after this, or when it is full. */
const batchDelayMs = 100;
const batchRecordsMax = 1_000;
/** Below the 512 KiB of one message. */
const batchBytesMax = 400 * 1024;
/** Names in one record: a larger response is said in several records of the same nonce. */
const namesMax = 1_000;
/** Characters of a proxy's reason to reject; the rest is cut off. */
const messageMax = 8_192;

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

  record(fact: DeliveryFact): void {
    if (this.#lost > 0) this.#sayLost();
    if (!this.#offer(fact)) this.#lost++;
    if (this.#waiting.size >= batchRecordsMax) this.#flush();
    else this.#cancelTimer ??= this.#options.clock.after(batchDelayMs, () => this.#flush());
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
    const lost = this.#waiting.size + this.#writingCount + this.#lost;
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

  #offer(fact: DeliveryFact): boolean {
    const names = namesIn(fact);
    if (this.#waitingNames + names > waitingNamesMax) return false;
    const record = { ...fact, counter: this.#counter + 1, timeUnixMs: this.#options.clock.wallMs() };
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
    while (this.#waiting.size > 0) {
      const records = this.#waiting.drain(batchRecordsMax);
      this.#writingCount = records.length;
      for (const record of records) this.#waitingNames -= namesIn(record);
      for (const deliveries of inBatches(records)) await this.#append(deliveries);
      this.#writingCount = 0;
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
      this.#lost += deliveries.reduce((sum, { lost = 1 }) => sum + lost, 0);
      logger.warn({ err: error, lost: this.#lost }, "deliveries could not be written");
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

function namesIn({ sent, nacked }: DeliveryFact): number {
  return (sent?.resources?.length ?? 0) + (sent?.removed?.length ?? 0) + (nacked?.resources?.length ?? 0);
}

/** The records of one response: several of the same nonce where it holds very many names. */
export function sentFacts(
  { resourceType, nonce, version, revision, resources, removed }: StreamResponse,
  bytes: number,
) {
  const common = { type: typeNumbers[resourceType], nonce, version, revision };
  const records = Math.max(1, Math.ceil(resources.length / namesMax), Math.ceil(removed.length / namesMax));
  return Array.from({ length: records }, (_, index) => {
    const start = index * namesMax;
    const end = start + namesMax;
    return {
      sent: {
        ...common,
        resources: resources.slice(start, end).map(sentResource),
        removed: removed.slice(start, end),
        bytes: index === 0 ? bytes : 0,
      },
    };
  });
}

export function ackedFact({ resourceType, nonce, version, revision, heldDigest }: AckedFact) {
  return {
    acked: { type: typeNumbers[resourceType], nonce, version, revision, heldDigest: fromHex(heldDigest) },
  };
}

export function nackedFact({ resourceType, nonce, version, revision, code, message, resources }: NackedFact) {
  const some = resources.slice(0, namesMax).map(sentResource);
  return {
    nacked: {
      type: typeNumbers[resourceType],
      nonce,
      version,
      revision,
      code,
      message: message.slice(0, messageMax),
      resources: some,
    },
  };
}

type SentResource = { readonly name: string; readonly digest: Uint8Array };
const sentResources = new WeakMap<Resource, SentResource>();

/** The same object for every stream: what waits to be written does not grow with the streams. */
function sentResource(resource: Resource): SentResource {
  let sent = sentResources.get(resource);
  if (sent === undefined) {
    sent = { name: resource.name, digest: fromHex(resource.digest) };
    sentResources.set(resource, sent);
  }
  return sent;
}
