import { join } from "node:path";
import {
  type Commit,
  CommitReader,
  configKinds,
  deliveryKinds,
  type EventLog,
  emptyTail,
  type ReadableKinds,
  xdsKinds,
} from "@routeledger/event-log";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { codec } from "@routeledger/protos";
import { decodePublication, typeNames, typeOfNumber } from "@routeledger/xds-model";

/** What the logs say of one revision. */
export interface RevisionCost {
  /** Parts whose bytes were encoded anew, and those bytes. */
  readonly parts: number;
  readonly partBytes: number;
  readonly publicationBytes: number;
  /** One line a response that was made from it: `RDS, 1 resources, 101995 bytes`. */
  readonly sent: readonly string[];
  /** From the event's time to the last ACK of a response that was made from it, milliseconds; undefined: none. */
  readonly appendToAckMs: number | undefined;
  /** From the event's time to when the translator made the publication, and to the last response that has it. */
  readonly appendToPublicationMs: number | undefined;
  readonly appendToSentMs: number | undefined;
}

/** Reads what revisions (CONFIG sequences) cost from the logs of a `dev` that has ended. */
export async function revisionCosts(
  dataFolder: string,
  sequences: readonly number[],
): Promise<Map<number, RevisionCost>> {
  const logs = await openSqliteEventLogs({ folder: join(dataFolder, "logs") });
  try {
    return await revisionCostsIn(logs, sequences);
  } finally {
    await logs.close();
  }
}

/** The same from logs that are open. */
export async function revisionCostsIn(
  logs: { readonly config: EventLog; readonly xds: EventLog; readonly delivery: EventLog },
  sequences: readonly number[],
): Promise<Map<number, RevisionCost>> {
  const config = await commitsOf(logs.config, configKinds);
  const xds = await commitsOf(logs.xds, xdsKinds);
  const deliveries = await commitsOf(logs.delivery, deliveryKinds);
  return new Map(sequences.map((sequence) => [sequence, costOf(sequence, { config, xds, deliveries })]));
}

interface Commits {
  readonly config: readonly Commit[];
  readonly xds: readonly Commit[];
  readonly deliveries: readonly Commit[];
}

const batches = codec("routeledger.delivery.v1.DeliveryBatch");

function costOf(sequence: number, { config, xds, deliveries }: Commits): RevisionCost {
  const event = config.find(({ revision }) => revision.sequence === sequence);
  const records = deliveries.flatMap(({ payload }) => batches.decode(payload).deliveries);
  const sent = records.flatMap(({ sent: response }) => {
    const type = response === undefined ? undefined : typeOfNumber(response.type);
    if (response?.revision?.sequence !== sequence || type === undefined) return [];
    return [`${typeNames[type]}, ${response.resources.length} resources, ${response.bytes} bytes`];
  });
  const acks = records.filter(({ acked }) => acked?.revision?.sequence === sequence);
  const lastAckMs = Math.max(...acks.map(({ timeUnixMs }) => timeUnixMs));
  const appendToAckMs = acks.length === 0 || event === undefined ? undefined : lastAckMs - event.timeMs;
  const { publishedMs, ...cost } = published(sequence, xds);
  const sentMs = Math.max(
    ...records
      .filter((record) => record.sent?.revision?.sequence === sequence)
      .map(({ timeUnixMs }) => timeUnixMs),
  );
  const since = (timeMs: number | undefined): number | undefined =>
    timeMs === undefined || event === undefined || !Number.isFinite(timeMs)
      ? undefined
      : timeMs - event.timeMs;
  return {
    ...cost,
    sent,
    appendToAckMs,
    appendToPublicationMs: since(publishedMs),
    appendToSentMs: since(sentMs),
  };
}

function published(sequence: number, xds: readonly Commit[]) {
  for (const { kind, payload, timeMs } of xds) {
    if (kind !== "Publication") continue;
    const delta = decodePublication(payload).deltas.find((candidate) => candidate.sequence === sequence);
    if (delta === undefined) continue;
    const parts = delta.groups.flatMap(({ changed }) => changed).filter(({ bytes }) => bytes !== undefined);
    const partBytes = parts.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
    return { parts: parts.length, partBytes, publicationBytes: payload.length, publishedMs: timeMs };
  }
  return { parts: 0, partBytes: 0, publicationBytes: 0, publishedMs: undefined };
}

async function commitsOf(log: EventLog, kinds: ReadableKinds): Promise<Commit[]> {
  const { lastSequence } = await log.info();
  const found: Commit[] = [];
  const reader = new CommitReader(log, { from: emptyTail, kinds, chained: log.name !== "DELIVERY" });
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type === "commit") found.push(item.commit);
  }
  return found;
}
