import { type ConfigState, decodeStateCheckpoint, emptyConfigState } from "@routeledger/config-model";
import {
  CommitReader,
  configKinds,
  type EventLog,
  emptyTail,
  type LogTail,
  readOldestCheckpoints,
  xdsKinds,
} from "@routeledger/event-log";
import { Failure } from "@routeledger/std";
import {
  applyPublication,
  decodePublication,
  decodePublishedCheckpoints,
  emptyPublished,
  type Publication,
  type Published,
} from "@routeledger/xds-model";
import type { TranslatorLogs } from "./recover.ts";

/** The oldest moment from which both logs hold all: their beginning, or their oldest Catalogs where they are purged. */
export interface ReplayStart {
  /** As CONFIG has it behind `configTail`, which is at `published` or before. */
  readonly state: ConfigState;
  readonly configTail: LogTail;
  readonly published: Published;
  /** What XDS says behind `published`, in order. */
  readonly publications: readonly Publication[];
}

/** Throws Failure `log.compacted` when a purged log has no usable Catalog, and what the reader throws. */
export async function replayStart(logs: TranslatorLogs): Promise<ReplayStart> {
  const config = await oldestOf(logs.config, configKinds);
  const xds = await oldestOf(logs.xds, xdsKinds);
  const bytes = config?.states.get("config");
  const state = bytes === undefined ? emptyConfigState : decodeStateCheckpoint(bytes);
  const configTail = config?.tail ?? emptyTail;
  let published = xds === undefined ? emptyPublished : decodePublishedCheckpoints(xds.states);
  const publications = await readPublications(logs.xds, xds?.tail ?? emptyTail);
  const first = publications.findIndex(
    ({ to, configEpoch }) => to > configTail.sequence && configEpoch >= configTail.epoch,
  );
  const behind = first === -1 ? publications.length : first;
  for (const publication of publications.slice(0, behind))
    published = applyPublication(published, publication);
  return { state, configTail, published, publications: publications.slice(behind) };
}

async function oldestOf(log: EventLog, kinds: typeof configKinds | typeof xdsKinds) {
  const { firstSequence } = await log.info();
  if (firstSequence === 1) return undefined;
  const checkpoints = await readOldestCheckpoints(log, kinds);
  if (checkpoints !== undefined) return checkpoints;
  throw new Failure(`read log ${log.name} from its oldest Catalog: it has none`, {
    code: "log.compacted",
    retryable: false,
    hint: "the beginning was purged without checkpoints behind it; restore the log",
    fields: { log: log.name, firstSequence },
  });
}

async function readPublications(xds: EventLog, from: LogTail): Promise<Publication[]> {
  const publications: Publication[] = [];
  const { lastSequence } = await xds.info();
  if (lastSequence <= from.sequence) return publications;
  const reader = new CommitReader(xds, { from, kinds: xdsKinds });
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type === "commit" && item.commit.kind === "Publication")
      publications.push(decodePublication(item.commit.payload));
  }
  return publications;
}
