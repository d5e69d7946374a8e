import { type Revision, toHex } from "@routeledger/std";
import type { Envelope } from "./envelope.ts";

/** One complete commit of a log: one event, however many messages hold it. */
export interface Commit {
  /** Epoch, and the sequence of the last chunk. */
  readonly revision: Revision;
  /** Sequence of the first chunk. */
  readonly firstSequence: number;
  /** 32 hexadecimal digits. */
  readonly commitId: string;
  /** Name of the payload's message without its package. */
  readonly kind: string;
  /** From 1. */
  readonly schemaVersion: number;
  /** The leading translator's term in the kinds that it alone writes, else 0. */
  readonly term: number;
  readonly actor: string;
  readonly source: string;
  readonly summary: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly traceContext: string;
  readonly payload: Uint8Array;
  /** SHA-256 of the stored body of the last chunk: the chain goes on from here. */
  readonly hash: Uint8Array;
}

/** What a writer says of a commit; the rest comes from the tail, the clock and chance. */
export interface NewCommit {
  readonly kind: string;
  readonly schemaVersion: number;
  /** 0 in kinds that others than the leading translator write. */
  readonly term: number;
  readonly actor: string;
  readonly source: string;
  readonly summary: string;
  readonly traceContext?: string;
  /** At most 64 MiB. */
  readonly payload: Uint8Array;
  /** Only when an operator adopts a log: the new epoch, above the tail's. */
  readonly epoch?: number;
}

/** Where a reader or writer stands: all that it must know of what lies before (routeledger.log.v1.LogTail). */
export interface LogTail {
  /** 0: before the first message. */
  readonly sequence: number;
  /** SHA-256 of the stored body of the message at `sequence`; 32 zero bytes at 0. */
  readonly hash: Uint8Array;
  /** Of the last envelope at or before `sequence`; 0: none. */
  readonly epoch: number;
  /** Highest term that was started at or before `sequence`; 0: none. */
  readonly term: number;
  /** Highest time of the envelopes at or before `sequence`, milliseconds since 1970. */
  readonly timeMs: number;
}

/** The tail of a log that holds nothing. */
export const emptyTail: LogTail = { sequence: 0, hash: new Uint8Array(32), epoch: 0, term: 0, timeMs: 0 };

/**
 * What a reader yields, in the order of sequences. `tail` is the position after the item: a reader that is made
 * from it goes on with the next item.
 */
export type LogItem =
  | { readonly type: "commit"; readonly commit: Commit; readonly tail: LogTail }
  | SkippedItem;

/** A message, or all of a commit, that every reader of every version leaves out; `sequence` is its (last) message's. */
export interface SkippedItem {
  readonly type: "skipped";
  readonly sequence: number;
  /** For people: "no envelope: ...", "void chunk ...", "deposed term ...", "skipped by an operator: ...". */
  readonly reason: string;
  readonly tail: LogTail;
}

/** Joins the envelope of the last chunk, which speaks for all, with the commit's whole payload. */
export function commitOf(last: Envelope, tail: LogTail, payload: Uint8Array): Commit {
  return {
    revision: { epoch: last.epoch, sequence: tail.sequence },
    firstSequence: tail.sequence - last.chunks + 1,
    commitId: toHex(last.commitId),
    kind: last.kind,
    schemaVersion: last.schemaVersion,
    term: last.term,
    actor: last.actor,
    source: last.source,
    summary: last.summary,
    timeMs: last.timeMs,
    traceContext: last.traceContext,
    payload,
    hash: tail.hash,
  };
}

/** The tail of a writer after its own commit. */
export function tailAfter(before: LogTail, commit: Commit): LogTail {
  return {
    sequence: commit.revision.sequence,
    hash: commit.hash,
    epoch: commit.revision.epoch,
    term: commit.kind === "TermStarted" ? Math.max(before.term, commit.term) : before.term,
    timeMs: Math.max(before.timeMs, commit.timeMs),
  };
}
