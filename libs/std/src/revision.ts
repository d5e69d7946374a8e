import { assert } from "./assert.ts";

/**
 * A position in the CONFIG log: the only thing that orders. The sequence is that of a commit's last chunk.
 * Written `1.412`: epoch, dot, sequence. `0.0` is before everything.
 */
export interface Revision {
  readonly epoch: number;
  readonly sequence: number;
}

export function revision(epoch: number, sequence: number): Revision {
  assert(Number.isSafeInteger(epoch) && epoch >= 0, `an epoch of at least 0, got ${epoch}`);
  assert(Number.isSafeInteger(sequence) && sequence >= 0, `a sequence of at least 0, got ${sequence}`);
  return { epoch, sequence };
}

/** Sequences never restart, so epochs only say which history a sequence is of; both order alike. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.epoch - b.epoch || a.sequence - b.sequence;
}

export function formatRevision({ epoch, sequence }: Revision): string {
  return `${epoch}.${sequence}`;
}

/** Returns undefined for text that is no revision. */
export function parseRevision(text: string): Revision | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(text);
  return match ? { epoch: Number(match[1]), sequence: Number(match[2]) } : undefined;
}
