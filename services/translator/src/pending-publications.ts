import type { LogTail } from "@routeledger/event-log";
import { translatorVersion } from "@routeledger/translation";
import type { Publication, RevisionDelta } from "@routeledger/xds-model";

/** Where CONFIG is folded up to. */
export interface FoldedTo {
  /** Behind the item that was folded. */
  readonly tail: LogTail;
  /** Of the CONFIG state there. */
  readonly epoch: number;
  readonly timeMs: number;
  /** What the item changed. */
  readonly delta: RevisionDelta | undefined;
}

/**
 * What was folded and does not stand in XDS yet: one publication, or more where CONFIG was adopted on the way, since
 * a publication is of one epoch (docs/spec/log.md, X1).
 */
export class PendingPublications {
  #coveredTo: number;
  #publications: (Publication & { readonly deltas: RevisionDelta[] })[] = [];
  #deltaBytes = 0;

  /** @param coveredTo the last CONFIG sequence that is published, or that no publication will cover */
  constructor(coveredTo: number) {
    this.#coveredTo = coveredTo;
  }

  /** Of the resources and statuses that are pending. */
  get bytes(): number {
    return this.#deltaBytes;
  }

  add({ tail, epoch, timeMs, delta }: FoldedTo): void {
    const configEpoch = Math.max(epoch, 1);
    const last = this.#publications.at(-1);
    const continues = last !== undefined && last.configEpoch === configEpoch;
    const from = continues ? last.from : this.#coveredTo + 1;
    const deltas = continues ? last.deltas : [];
    if (delta !== undefined) {
      deltas.push(delta);
      this.#deltaBytes += bytesOf(delta);
    }
    if (continues) this.#publications.pop();
    const to = tail.sequence;
    this.#publications.push({
      ...{ configEpoch, from, to, timeMs },
      ...{ configHash: tail.hash, translatorVersion, deltas },
    });
    this.#coveredTo = to;
  }

  /** All that is pending, in order; then nothing is. */
  take(): readonly Publication[] {
    const taken = this.#publications;
    this.#publications = [];
    this.#deltaBytes = 0;
    return taken;
  }
}

function bytesOf(delta: RevisionDelta): number {
  let bytes = 0;
  for (const { changed } of delta.groups) for (const part of changed) bytes += part.bytes?.length ?? 0;
  for (const { json } of delta.statuses) bytes += json.length;
  return bytes;
}
