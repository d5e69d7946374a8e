import { randomBytes } from "node:crypto";
import { CommitWriter, type EventLog, emptyTail } from "@routeledger/event-log";
import { type Clock, systemClock } from "@routeledger/std";
import {
  applyPublication,
  diffParts,
  emptyPublished,
  emptySnapshot,
  encodePublication,
  type GroupDelta,
  type Part,
  type Publication,
  type Published,
} from "@routeledger/xds-model";

/** Writes the XDS log as a translator does: one Publication a change, numbered from 1. */
export class Publisher {
  readonly #writer: CommitWriter;
  readonly #retireGraceMs: number;
  #tail = emptyTail;
  #published: Published = emptyPublished;

  constructor(
    log: EventLog,
    { clock = systemClock, retireGraceMs = 60_000 }: { clock?: Clock; retireGraceMs?: number } = {},
  ) {
    this.#writer = new CommitWriter(log, { clock, randomBytes });
    this.#retireGraceMs = retireGraceMs;
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

  async #append(groups: readonly GroupDelta[]): Promise<number> {
    const sequence = this.#published.revision.sequence + 1;
    const timeMs = sequence * 1_000;
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
    const outcome = await this.#writer.append(commit, this.#tail);
    if (outcome.outcome !== "appended") throw new Error(`the publication is ${outcome.outcome}`);
    this.#tail = outcome.tail;
    this.#published = applyPublication(this.#published, publication);
    return sequence;
  }
}

function encoded(publication: Publication): { publication: Publication; payload: Uint8Array } {
  return { publication, payload: encodePublication(publication) };
}
