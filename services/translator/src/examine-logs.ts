import { decodeConfigEvent } from "@routeledger/config-model";
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
import { readPublished, type TranslatorLogs } from "./recover.ts";

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

/** The last word of a store that stands in CONFIG: how far it had read the logs. */
export interface StoreFinding {
  readonly storeId: string;
  readonly config: Revision;
  readonly xds: Revision;
}

export interface LogFindings {
  readonly logs: readonly LogFinding[];
  /** Undefined when XDS cannot be read. */
  readonly published: PublishedFinding | undefined;
  readonly store: StoreFinding | undefined;
  /** Above all epochs that any of them knows of: what an adoption takes. */
  readonly nextEpoch: number;
}

/** Looks at the three logs, each in itself and what it says of the others. Writes nothing. Throws Failure of storage. */
export async function examineLogs({ config, xds, delivery }: LedgerLogs): Promise<LogFindings> {
  const logs: LogFinding[] = [];
  for (const log of [config, xds, delivery]) logs.push(await findingOf(log));
  const xdsBroken = logs.some(({ name, broken }) => name === "XDS" && broken !== undefined);
  const published = xdsBroken ? undefined : await publishedFinding(config, xds);
  const store = await lastStoreConfirmed(config);
  const known = [
    ...logs.map(({ epoch }) => epoch),
    published?.revision.epoch ?? 0,
    store?.config.epoch ?? 0,
    store?.xds.epoch ?? 0,
  ];
  return { logs, published, store, nextEpoch: Math.max(1, ...known) + 1 };
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

async function publishedFinding(config: EventLog, xds: EventLog): Promise<PublishedFinding> {
  const { published, configHash } = await readPublished(xds);
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

async function lastStoreConfirmed(config: EventLog): Promise<StoreFinding | undefined> {
  const last = await config.lastOf("StoreConfirmed");
  const decoded = last && decodeEnvelope(last.body);
  if (!last || !decoded?.ok) return undefined;
  const { kind, chunks, epoch, timeMs, term, payload } = decoded.envelope;
  if (kind !== "StoreConfirmed" || chunks !== 1) return undefined;
  const { fact } = decodeConfigEvent({
    ...{ kind, term, timeMs, payload },
    revision: { epoch, sequence: last.sequence },
  });
  if (fact.type !== "storeConfirmed") return undefined;
  return { storeId: fact.storeId, config: fact.config, xds: fact.xds };
}
