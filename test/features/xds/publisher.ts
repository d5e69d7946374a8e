import { randomBytes } from "node:crypto";
import {
  CommitReader,
  CommitWriter,
  type EventLog,
  emptyTail,
  type NewCommit,
  writeCheckpoints,
  xdsKinds,
} from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { type Clock, systemClock } from "@routeledger/std";
import {
  applyPublication,
  decodePublication,
  diffParts,
  emptyPublished,
  emptySnapshot,
  encodePublication,
  encodePublishedCheckpoints,
  type GroupDelta,
  type Part,
  type Publication,
  type Published,
} from "@routeledger/xds-model";

export interface PublisherOptions {
  readonly clock?: Clock;
  /** Default 60,000. */
  readonly retireGraceMs?: number;
  /** Between the times of two events. Default 1,000. */
  readonly apartMs?: number;
}

/** Writes the XDS log as a translator does: one Publication a change, numbered from 1. */
export class Publisher {
  readonly #log: EventLog;
  readonly #writer: CommitWriter;
  readonly #retireGraceMs: number;
  readonly #apartMs: number;
  #tail = emptyTail;
  #published: Published = emptyPublished;

  constructor(
    log: EventLog,
    { clock = systemClock, retireGraceMs = 60_000, apartMs = 1_000 }: PublisherOptions = {},
  ) {
    this.#log = log;
    this.#writer = new CommitWriter(log, { clock, randomBytes });
    this.#retireGraceMs = retireGraceMs;
    this.#apartMs = apartMs;
  }

  get published(): Published {
    return this.#published;
  }

  /** Makes the node group exactly these parts. Resolves to the CONFIG sequence that says so. */
  publish(nodeGroup: string, parts: readonly Part[]): Promise<number> {
    const before = this.#published.snapshots.get(nodeGroup) ?? emptySnapshot(nodeGroup);
    const delta = diffParts(before, parts);
    return this.#append(delta === undefined ? [] : [delta]);
  }

  /** The Gateway of the node group is no more. */
  delete(nodeGroup: string): Promise<number> {
    return this.#append([{ nodeGroup, deleted: true, changed: [], removed: [], retired: [] }]);
  }

  /** Goes on behind what the log holds, as a translator that was started again. */
  async resume(): Promise<this> {
    this.#tail = emptyTail;
    this.#published = emptyPublished;
    const { lastSequence } = await this.#log.info();
    const reader = new CommitReader(this.#log, { from: undefined, kinds: xdsKinds });
    for await (const item of reader.read({ until: lastSequence })) {
      if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
      this.#published = applyPublication(this.#published, decodePublication(item.commit.payload));
    }
    this.#tail = reader.tail;
    return this;
  }

  /** Writes a round of checkpoints and removes all that lies before it. */
  async checkpoint({ purge }: { readonly purge: boolean }): Promise<void> {
    const followFrom = this.#tail;
    await writeCheckpoints({
      log: this.#log,
      followFrom,
      revision: this.#published.revision,
      configHash: new Uint8Array(32),
      states: encodePublishedCheckpoints(this.#published),
      append: (commit) => this.#commit({ ...commit, term: 0, actor: "translator", source: "test" }),
      randomBytes,
    });
    if (purge) await this.#log.purge(followFrom.sequence + 1);
  }

  /** An operator says that the log as it is now is the one that counts. */
  async adopt(): Promise<void> {
    const { identity } = await this.#log.info();
    await this.#commit({
      kind: "LogAdopted",
      schemaVersion: 1,
      term: 0,
      actor: "operator",
      source: "test",
      summary: "the log is adopted",
      epoch: this.#tail.epoch + 1,
      payload: codec("routeledger.log.v1.LogAdopted").encode({ identity, reason: "a test" }),
    });
  }

  /** Any commit. */
  async append(commit: Pick<NewCommit, "kind" | "schemaVersion" | "payload">): Promise<void> {
    await this.#commit({ ...commit, term: 0, actor: "anybody", source: "test", summary: commit.kind });
  }

  async #append(groups: readonly GroupDelta[]): Promise<number> {
    const sequence = this.#published.revision.sequence + 1;
    const timeMs = sequence * this.#apartMs;
    const { publication, payload } = encoded({
      configEpoch: 1,
      from: sequence,
      to: sequence,
      timeMs,
      configHash: new Uint8Array(32),
      translatorVersion: 1,
      deltas: [{ sequence, timeMs, retireGraceMs: this.#retireGraceMs, groups, statuses: [] }],
    });
    const commit = {
      kind: "Publication",
      schemaVersion: 1,
      term: 0,
      actor: "translator",
      source: "test",
      summary: `revision ${sequence}`,
      payload,
    };
    await this.#commit(commit);
    this.#published = applyPublication(this.#published, publication);
    return sequence;
  }

  async #commit(commit: NewCommit): Promise<void> {
    const outcome = await this.#writer.append(commit, this.#tail);
    if (outcome.outcome !== "appended") throw new Error(`the commit is ${outcome.outcome}`);
    this.#tail = outcome.tail;
  }
}

function encoded(publication: Publication): { publication: Publication; payload: Uint8Array } {
  return { publication, payload: encodePublication(publication) };
}
