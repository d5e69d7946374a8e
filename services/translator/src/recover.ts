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
  type LogInfo,
  type LogTail,
  readCheckpoints,
  xdsKinds,
} from "@routeledger/event-log";
import { bytesEqual, Failure, formatRevision, type Revision } from "@routeledger/std";
import {
  applyPublication,
  decodePublication,
  decodePublishedCheckpoints,
  emptyPublished,
  type Published,
} from "@routeledger/xds-model";
import { readXdsWitnesses, whatXdsLost } from "./xds-witnesses.ts";

export interface Recovered {
  /** What XDS says. */
  readonly published: Published;
  /**
   * As CONFIG has it at `configTail`: at `published.revision`, or where CONFIG, which lost what was published, goes on
   * in a higher epoch. The next publication begins behind it (docs/spec/log.md, X1).
   */
  readonly state: ConfigState;
  readonly configTail: LogTail;
  /** The end of XDS. */
  readonly xdsTail: LogTail;
}

export interface TranslatorLogs {
  readonly config: EventLog;
  readonly xds: EventLog;
}

/**
 * Reads what is published, and the state that is published next: the last checkpoints of both logs and what follows.
 * The tail of XDS says how far CONFIG is published; nothing else is remembered anywhere.
 *
 * Throws Failure `translator.logsDisagree` when CONFIG is not the log that XDS was made from, or lost some of that, or
 * shows that XDS lost something, and no operator has adopted it since; and what the reader throws.
 */
export async function recover(logs: TranslatorLogs): Promise<Recovered> {
  const witnesses = await readXdsWitnesses(logs.config);
  const publishedAt = await readPublished(logs.xds);
  const at = { published: publishedAt.published.revision, tail: publishedAt.tail };
  const lost = await whatXdsLost(witnesses, logs.xds, at);
  if (lost !== undefined) throw xdsLost(at.published, lost);
  const { state, tail: configTail } = await stateToGoOnFrom(logs.config, publishedAt);
  return { published: publishedAt.published, state, configTail, xdsTail: publishedAt.tail };
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

export interface StateAt {
  readonly state: ConfigState;
  /** Behind the message up to which the state is folded. */
  readonly tail: LogTail;
}

/** Folds CONFIG up to a sequence. Throws Failure `log.shorter` where it ends before that. */
export async function readState(config: EventLog, until: number): Promise<StateAt> {
  const { lastSequence } = await config.info();
  if (lastSequence < until) {
    throw new Failure(`read log CONFIG up to ${until}: it ends at ${lastSequence}`, {
      code: "log.shorter",
      retryable: false,
      fields: { log: "CONFIG", sequence: until },
    });
  }
  const checkpoint = await readCheckpoint(config);
  const usable = checkpoint !== undefined && checkpoint.tail.sequence <= until;
  const fold = new StateFold(config, usable ? checkpoint : beginning);
  await fold.to(until);
  return fold.at;
}

/** Where translating goes on: behind what is published, or in the first epoch of CONFIG above that. */
async function stateToGoOnFrom(config: EventLog, { published, configHash }: PublishedAt): Promise<StateAt> {
  const { epoch, sequence } = published.revision;
  const { firstSequence, lastSequence } = await config.info();
  const checkpoint = await readCheckpoint(config);
  let from = checkpoint ?? beginning;
  if (from.tail.sequence > sequence || from.state.revision.epoch > epoch) {
    if (firstSequence === 1) from = beginning;
    // Nothing is published that CONFIG still holds: what is there now is published whole.
    else if (sequence === 0 || from.state.revision.epoch > epoch) return from;
  }
  const fold = new StateFold(config, from, epoch);
  await fold.to(Math.min(sequence, lastSequence));
  const { tail } = fold.at;
  const agrees = configHash === undefined || bytesEqual(tail.hash, configHash);
  if (tail.sequence === sequence && agrees) return fold.at;
  await fold.to(lastSequence);
  if (fold.higherEpoch !== undefined) return fold.at;
  throw logsDisagree(published.revision, { firstSequence, lastSequence });
}

const beginning: StateAt = { state: emptyConfigState, tail: emptyTail };

/** The state of the last Catalog. */
async function readCheckpoint(config: EventLog): Promise<StateAt | undefined> {
  const checkpoints = await readCheckpoints(config, configKinds);
  const bytes = checkpoints?.states.get("config");
  return checkpoints && bytes && { state: decodeStateCheckpoint(bytes), tail: checkpoints.tail };
}

/** Folds CONFIG step by step; never beyond the commit with which an operator began a higher epoch. */
class StateFold {
  readonly #reader: CommitReader;
  readonly #epochMax: number;
  #state: ConfigState;
  /** Behind the last item that was folded. */
  #folded: LogTail;
  #higherEpoch: number | undefined;

  constructor(config: EventLog, from: StateAt, epochMax = Number.POSITIVE_INFINITY) {
    this.#reader = new CommitReader(config, { from: from.tail, kinds: configKinds });
    this.#epochMax = epochMax;
    this.#state = from.state;
    this.#folded = from.tail;
  }

  /** The epoch in front of which it stopped. */
  get higherEpoch(): number | undefined {
    return this.#higherEpoch;
  }

  get at(): StateAt {
    const tail = this.#higherEpoch === undefined ? this.#reader.tail : this.#folded;
    return { state: this.#state, tail };
  }

  async to(until: number): Promise<void> {
    if (this.#higherEpoch !== undefined || this.#reader.tail.sequence >= until) return;
    for await (const item of this.#reader.read({ until })) {
      if (item.type === "commit") {
        const { epoch } = item.commit.revision;
        if (epoch > this.#epochMax) {
          this.#higherEpoch = epoch;
          return;
        }
        this.#state = evolve(this.#state, decodeConfigEvent(item.commit));
      }
      this.#folded = item.tail;
    }
  }
}

function xdsLost(published: Revision, what: string): Failure {
  const at = formatRevision(published);
  return new Failure(
    `translate behind revision ${at}, which is published: XDS lost some of what it held: ${what}`,
    {
      code: "translator.logsDisagree",
      retryable: false,
      hint:
        "bring back the right XDS, or go on with it as it is, which is published again from CONFIG: " +
        "routeledger log adopt --log xds",
      fields: { published: at },
    },
  );
}

function logsDisagree(
  published: Revision,
  { firstSequence, lastSequence }: Omit<LogInfo, "identity">,
): Failure {
  const at = formatRevision(published);
  let what = "XDS was made from another CONFIG log";
  if (lastSequence < published.sequence)
    what = `CONFIG ends at ${lastSequence}, it lost some of what XDS was made from`;
  else if (firstSequence > published.sequence + 1)
    what = `CONFIG begins at ${firstSequence}, XDS is older than what was purged`;
  return new Failure(`translate behind revision ${at}, which is published: ${what}`, {
    code: "translator.logsDisagree",
    retryable: false,
    hint:
      "CONFIG and XDS belong together: restore both from the same backup, or go on with CONFIG as it is: " +
      "routeledger log adopt --log config",
    fields: { published: at, firstSequence, lastSequence },
  });
}
