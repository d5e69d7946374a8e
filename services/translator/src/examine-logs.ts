import {
  type Adoption,
  chainedEnd,
  decodeEnvelope,
  type EventLog,
  type LogName,
  lastAdoption,
  unchainedEnd,
} from "@routeledger/event-log";
import { bytesEqual, Failure, type Revision, sha256 } from "@routeledger/std";
import { type PublishedAt, readPublished, type TranslatorLogs } from "./recover.ts";
import { readXdsWitnesses, type StoreWitness, whatXdsLost } from "./xds-witnesses.ts";

export interface LedgerLogs extends TranslatorLogs {
  readonly delivery: EventLog;
}

/** How one log is in itself. */
export interface LogFinding {
  readonly name: LogName;
  readonly identity: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Highest epoch in it; 0 when it holds nothing. */
  readonly epoch: number;
  readonly adopted: Adoption | undefined;
  /** Why it cannot be read to its end; undefined when it can. */
  readonly broken: Failure | undefined;
}

/** What XDS says is published, and whether CONFIG holds that. */
export interface PublishedFinding {
  readonly revision: Revision;
  /**
   * `all`: CONFIG holds what was published; `part`: CONFIG ends before it; `other`: CONFIG holds something else there;
   * `purged`: CONFIG begins behind it; `nothing`: nothing is published.
   */
  readonly held: "all" | "part" | "other" | "purged" | "nothing";
}

export interface LogFindings {
  readonly logs: readonly LogFinding[];
  /** Undefined when XDS cannot be read. */
  readonly published: PublishedFinding | undefined;
  /** What CONFIG shows that XDS lost, in words. */
  readonly xdsLost: string | undefined;
  /** The last word of a store that stands in CONFIG. */
  readonly store: StoreWitness | undefined;
  /** Above all epochs that any of them knows of: what an adoption takes. */
  readonly nextEpoch: number;
}

/** Looks at the three logs, each in itself and what it says of the others. Writes nothing. Throws Failure of storage. */
export async function examineLogs({ config, xds, delivery }: LedgerLogs): Promise<LogFindings> {
  const logs: LogFinding[] = [];
  for (const log of [config, xds, delivery]) logs.push(await findingOf(log));
  const xdsBroken = logs.some(({ name, broken }) => name === "XDS" && broken !== undefined);
  const witnesses = await readXdsWitnesses(config);
  const { store } = witnesses;
  const publishedAt = xdsBroken ? undefined : await readPublished(xds);
  const published = publishedAt && (await publishedFinding(config, publishedAt));
  const at = publishedAt && { published: publishedAt.published.revision, tail: publishedAt.tail };
  const xdsLost = at && (await whatXdsLost(witnesses, xds, at));
  const known = [
    ...logs.map(({ epoch }) => epoch),
    published?.revision.epoch ?? 0,
    store?.config.epoch ?? 0,
    store?.xds.epoch ?? 0,
  ];
  return { logs, published, xdsLost, store, nextEpoch: Math.max(1, ...known) + 1 };
}

async function findingOf(log: EventLog): Promise<LogFinding> {
  const { name } = log;
  const about = { name, ...(await log.info()), adopted: await lastAdoption(log) };
  try {
    const { epoch } = name === "DELIVERY" ? await unchainedEnd(log) : await chainedEnd(log);
    return { ...about, epoch, broken: undefined };
  } catch (error) {
    if (!(error instanceof Failure) || error.retryable) throw error;
    return { ...about, epoch: about.adopted?.revision.epoch ?? 0, broken: error };
  }
}

async function publishedFinding(
  config: EventLog,
  { published, configHash }: PublishedAt,
): Promise<PublishedFinding> {
  const { revision } = published;
  if (configHash === undefined) return { revision, held: "nothing" };
  const { firstSequence, lastSequence } = await config.info();
  if (lastSequence < revision.sequence) return { revision, held: "part" };
  if (firstSequence > revision.sequence + 1) return { revision, held: "purged" };
  const message = await config.at(revision.sequence);
  const hash =
    message === undefined ? await previousHashAt(config, revision.sequence + 1) : sha256(message.body);
  return { revision, held: hash === undefined || bytesEqual(hash, configHash) ? "all" : "other" };
}

/** What the message behind the last purged one says of it. */
async function previousHashAt(config: EventLog, sequence: number): Promise<Uint8Array | undefined> {
  const message = await config.at(sequence);
  const decoded = message && decodeEnvelope(message.body);
  return decoded?.ok ? decoded.envelope.previousHash : undefined;
}
