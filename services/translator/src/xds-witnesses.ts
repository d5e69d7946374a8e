import { type ConfigFact, decodeConfigEvent } from "@routeledger/config-model";
import {
  decodeEnvelope,
  type EventLog,
  type LogTail,
  lastAdoption,
  payloadTypes,
} from "@routeledger/event-log";
import { codec, Malformed } from "@routeledger/protos";
import { compareRevisions, formatRevision, type Revision } from "@routeledger/std";

const catalogs = codec(payloadTypes.Catalog);

/** What CONFIG says of XDS: how far that has been at least. Each is the newest of its kind. */
export interface XdsWitnesses {
  /** A checkpoint of CONFIG is of a revision that is published. */
  readonly catalog: { readonly epoch: number; readonly published: Revision } | undefined;
  /** A translator activates itself when its term stands in XDS. */
  readonly activated: { readonly epoch: number; readonly term: number } | undefined;
  /** How far a store had read both logs. */
  readonly store: (StoreWitness & { readonly epoch: number }) | undefined;
}

export interface StoreWitness {
  readonly storeId: string;
  readonly config: Revision;
  /** A position in XDS. */
  readonly xds: Revision;
}

/** Reads them. XDS is read after that, so that what a leader does meanwhile never seems lost. */
export async function readXdsWitnesses(config: EventLog): Promise<XdsWitnesses> {
  const catalog = await newest(config, "Catalog");
  const activated = await newest(config, "TranslatorActivated");
  const store = await newest(config, "StoreConfirmed");
  const published = catalog && publishedIn(catalog.payload);
  return {
    catalog: catalog && published && { epoch: catalog.epoch, published },
    activated: activated && { epoch: activated.epoch, term: activated.term },
    store: store?.fact.type === "storeConfirmed" ? { ...store.fact, epoch: store.epoch } : undefined,
  };
}

/** In words; undefined when XDS is as far as all witnesses say, or was adopted since in a higher epoch than theirs. */
export async function whatXdsLost(
  witnesses: XdsWitnesses,
  xds: EventLog,
  { published, tail }: { readonly published: Revision; readonly tail: LogTail },
): Promise<string | undefined> {
  const { catalog, activated, store } = witnesses;
  const lost: { readonly epoch: number; readonly what: string }[] = [];
  if (catalog && compareRevisions(catalog.published, published) > 0) {
    const what = `CONFIG has a checkpoint of revision ${formatRevision(catalog.published)}, which was published`;
    lost.push({ epoch: catalog.epoch, what });
  }
  if (activated && activated.term > tail.term) {
    const what = `term ${activated.term} was started in it, and it knows of term ${tail.term}`;
    lost.push({ epoch: activated.epoch, what });
  }
  if (store && store.xds.sequence > tail.sequence) {
    const what = `a store held it up to ${store.xds.sequence}, and it ends at ${tail.sequence}`;
    lost.push({ epoch: Math.max(store.epoch, store.xds.epoch), what });
  }
  if (lost.length === 0) return undefined;
  const adoption = await lastAdoption(xds);
  const { identity } = await xds.info();
  const adopted = adoption?.identity === identity ? adoption.revision.epoch : 0;
  return lost.find(({ epoch }) => epoch >= adopted)?.what;
}

function publishedIn(payload: Uint8Array): Revision | undefined {
  try {
    return catalogs.decode(payload).revision;
  } catch (error) {
    // Whatever stands there: nobody begins at it either.
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

interface Newest {
  readonly epoch: number;
  readonly term: number;
  readonly payload: Uint8Array;
  readonly fact: ConfigFact;
}

/** The newest commit of a kind that is one chunk, as all of these are. */
async function newest(config: EventLog, wanted: string): Promise<Newest | undefined> {
  const last = await config.lastOf(wanted);
  const decoded = last && decodeEnvelope(last.body);
  if (!last || !decoded?.ok) return undefined;
  const { kind, chunks, schemaVersion, epoch, term, timeMs, payload } = decoded.envelope;
  if (kind !== wanted || chunks !== 1 || schemaVersion !== 1) return undefined;
  const { fact } = decodeConfigEvent({
    ...{ kind, term, timeMs, payload },
    revision: { epoch, sequence: last.sequence },
  });
  return { epoch, term, payload, fact };
}
