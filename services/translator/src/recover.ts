import {
  type ConfigState,
  decodeConfigEvent,
  decodeStateCheckpoint,
  emptyConfigState,
  evolve,
} from "@routeledger/config-model";
import {
  CommitReader,
  configKinds,
  type EventLog,
  emptyTail,
  type LogTail,
  readCheckpoints,
  xdsKinds,
} from "@routeledger/event-log";
import { assert, bytesEqual, Failure } from "@routeledger/std";
import {
  applyPublication,
  decodePublication,
  decodePublishedCheckpoints,
  emptyPublished,
  type Published,
} from "@routeledger/xds-model";

export interface Recovered {
  /** As CONFIG has it at `published.revision`. */
  readonly state: ConfigState;
  readonly published: Published;
  /** Behind the CONFIG message at `published.revision`. */
  readonly configTail: LogTail;
  /** The end of XDS. */
  readonly xdsTail: LogTail;
}

export interface TranslatorLogs {
  readonly config: EventLog;
  readonly xds: EventLog;
}

/**
 * Reads what is published, and the state that it was made from: the last checkpoints of both logs and what follows.
 * The tail of XDS says how far CONFIG is published; nothing else is remembered anywhere.
 */
export async function recover(logs: TranslatorLogs): Promise<Recovered> {
  const { published, configHash, tail: xdsTail } = await readPublished(logs.xds);
  const { state, tail: configTail } = await readState(logs.config, published.revision.sequence);
  const hash = configTail.hash;
  if (configHash !== undefined && !bytesEqual(hash, configHash)) {
    throw new Failure(
      `translate from revision ${published.revision.sequence}: XDS was made from another CONFIG log`,
      {
        code: "translator.logsDisagree",
        retryable: false,
        hint: "CONFIG and XDS belong together: restore both from the same backup, or adopt the restored log",
      },
    );
  }
  return { state, published, configTail, xdsTail };
}

export interface PublishedAt {
  readonly published: Published;
  /** SHA-256 of the body of the CONFIG message at `published.revision`; undefined when nothing is published. */
  readonly configHash: Uint8Array | undefined;
  readonly tail: LogTail;
}

/** Folds the XDS log to its end. */
export async function readPublished(xds: EventLog): Promise<PublishedAt> {
  const checkpoints = await readCheckpoints(xds, xdsKinds);
  let published = checkpoints === undefined ? emptyPublished : decodePublishedCheckpoints(checkpoints.states);
  let configHash = checkpoints?.configHash;
  const reader = new CommitReader(xds, { from: checkpoints?.tail ?? emptyTail, kinds: xdsKinds });
  const { lastSequence } = await xds.info();
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
    const publication = decodePublication(item.commit.payload);
    published = applyPublication(published, publication);
    configHash = publication.configHash;
  }
  return { published, configHash, tail: reader.tail };
}

/** Folds CONFIG up to a sequence. */
export async function readState(
  config: EventLog,
  until: number,
): Promise<{ state: ConfigState; tail: LogTail }> {
  const checkpoints = await readCheckpoints(config, configKinds);
  const usable =
    checkpoints !== undefined && checkpoints.revision.sequence <= until ? checkpoints : undefined;
  const bytes = usable?.states.get("config");
  let state = bytes === undefined ? emptyConfigState : decodeStateCheckpoint(bytes);
  const reader = new CommitReader(config, { from: usable?.tail ?? emptyTail, kinds: configKinds });
  if (reader.tail.sequence < until) {
    for await (const item of reader.read({ until })) {
      if (item.type === "commit") state = evolve(state, decodeConfigEvent(item.commit));
    }
  }
  assert(
    reader.tail.sequence === until,
    `CONFIG to reach revision ${until}, which is published, got ${reader.tail.sequence}`,
  );
  return { state, tail: reader.tail };
}
