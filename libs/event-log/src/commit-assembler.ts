import { bytesEqual, concatBytes, Failure, formatRevision, sha256 } from "@routeledger/std";
import { type Commit, commitOf, emptyTail, type LogItem, type LogTail, type SkippedItem } from "./commit.ts";
import { decodeEnvelope, type Envelope } from "./envelope.ts";
import type { LogMessage, LogName } from "./event-log-port.ts";
import { isTermed, type ReadableKinds } from "./kinds.ts";

export interface AssemblerOptions {
  readonly log: LogName;
  /** Where to begin; absent: before the first message. */
  readonly from?: LogTail;
  /** What this version reads; absent: everything, which only a reader that interprets nothing may say. */
  readonly kinds?: ReadableKinds;
  /** False in DELIVERY: no chain, no order of epochs or terms. Default true. */
  readonly chained?: boolean;
}

/** A good commit that this version cannot read. Nothing behind it may be read before an operator skips it. */
export interface StoppedItem {
  readonly type: "stopped";
  readonly commit: Commit;
  readonly tail: LogTail;
}

/**
 * Turns the messages of a log, one after the other, into commits and what is skipped: the rules of
 * docs/spec/log.md that need no I/O, the same for every reader.
 *
 * `push` throws Failure `log.gap`, `log.brokenChain` or `log.staleEpoch` where the log cannot be followed; the
 * assembler is of no use after that.
 */
export class CommitAssembler {
  readonly #log: LogName;
  readonly #kinds: ReadableKinds | undefined;
  readonly #chained: boolean;
  /** By `formatRevision`, with the operator's reason. The reader fills it before it pushes. */
  readonly skips = new Map<string, string>();
  #tail: LogTail;
  /** Chunks of a commit that is not complete yet, with the tails after each. */
  #pending: { envelope: Envelope; tail: LogTail }[] = [];

  constructor({ log, from = emptyTail, kinds, chained = true }: AssemblerOptions) {
    this.#log = log;
    this.#kinds = kinds;
    this.#chained = chained;
    this.#tail = from;
  }

  /** After the last message, complete commit or not: what a writer goes on from. */
  get tail(): LogTail {
    return this.#tail;
  }

  /** Returns what became certain, in the order of sequences: often one item, none while a commit is incomplete. */
  push(message: LogMessage): (LogItem | StoppedItem)[] {
    const { sequence, body } = message;
    const before = this.#tail;
    if (sequence !== before.sequence + 1) {
      throw this.#failure("log.gap", `message ${sequence} follows message ${before.sequence}`, sequence);
    }
    const decoded = decodeEnvelope(body);
    if (decoded.ok && this.#chained) this.#checkPlace(decoded.envelope, sequence);
    const envelope = decoded.ok ? decoded.envelope : undefined;
    this.#tail = {
      sequence,
      hash: sha256(body),
      epoch: Math.max(before.epoch, envelope?.epoch ?? 0),
      term: before.term,
      timeMs: Math.max(before.timeMs, envelope?.timeMs ?? 0),
    };
    if (envelope && continues(this.#pending.at(-1)?.envelope, envelope)) {
      this.#pending.push({ envelope, tail: this.#tail });
      return this.#completed();
    }
    const items: (LogItem | StoppedItem)[] = this.#voided();
    if (!decoded.ok) return [...items, skipped(this.#tail, `no envelope: ${decoded.reason}`)];
    if (decoded.envelope.chunk > 0) return [...items, skipped(this.#tail, voidReason(decoded.envelope))];
    this.#pending = [{ envelope: decoded.envelope, tail: this.#tail }];
    return [...items, ...this.#completed()];
  }

  /** The chain shows a message that was lost, changed or exchanged; the epoch one of another history. */
  #checkPlace(envelope: Envelope, sequence: number): void {
    const before = this.#tail;
    if (!bytesEqual(envelope.previousHash, before.hash)) {
      const what = `message ${sequence} was written after another message ${before.sequence} than the one that is there`;
      throw this.#failure("log.brokenChain", what, sequence);
    }
    if (envelope.epoch < before.epoch) {
      const what = `message ${sequence} has epoch ${envelope.epoch} after epoch ${before.epoch}`;
      throw this.#failure("log.staleEpoch", what, sequence);
    }
  }

  #voided(): SkippedItem[] {
    const voided = this.#pending.map(({ envelope, tail }) => skipped(tail, voidReason(envelope)));
    this.#pending = [];
    return voided;
  }

  #completed(): (LogItem | StoppedItem)[] {
    const last = this.#pending.at(-1)?.envelope;
    if (!last || last.chunk + 1 < last.chunks) return [];
    const payloads = this.#pending.map(({ envelope }) => envelope.payload);
    this.#pending = [];
    const payload = payloads.length === 1 ? payloads[0]! : concatBytes(payloads);
    return [this.#judged(commitOf(last, this.#tail, payload))];
  }

  /** The order is part of the format: what is skipped for everyone comes before what this version can read. */
  #judged(commit: Commit): LogItem | StoppedItem {
    const { kind, term, schemaVersion, revision } = commit;
    const skip = this.skips.get(formatRevision(revision));
    if (skip !== undefined) return skipped(this.#tail, `skipped by an operator: ${skip}`);
    if (this.#chained && isTermed(kind, term) && term < this.#tail.term) {
      return skipped(this.#tail, `deposed term ${term}, term ${this.#tail.term} has started: ${kind}`);
    }
    if (this.#kinds && !(Object.hasOwn(this.#kinds, kind) && schemaVersion <= this.#kinds[kind]!)) {
      return { type: "stopped", commit, tail: this.#tail };
    }
    if (kind === "TermStarted") this.#tail = { ...this.#tail, term };
    return { type: "commit", commit, tail: this.#tail };
  }

  #failure(code: string, what: string, sequence: number): Failure {
    return new Failure(`read log ${this.#log}: ${what}`, {
      code,
      retryable: false,
      hint: "the log was truncated, changed or restored: bring back the right one",
      fields: { log: this.#log, sequence },
    });
  }
}

export function skipped(tail: LogTail, reason: string): SkippedItem {
  return { type: "skipped", sequence: tail.sequence, reason, tail };
}

function voidReason({ kind, chunk, chunks }: Envelope): string {
  return `void chunk ${chunk + 1} of ${chunks} of a commit that was not finished: ${kind}`;
}

/** All but the chunk's number, its hash and its payload is the same in the chunks of a commit. */
function continues(last: Envelope | undefined, next: Envelope): boolean {
  return (
    last !== undefined &&
    next.chunk === last.chunk + 1 &&
    bytesEqual(next.commitId, last.commitId) &&
    next.chunks === last.chunks &&
    next.epoch === last.epoch &&
    next.kind === last.kind &&
    next.schemaVersion === last.schemaVersion &&
    next.term === last.term &&
    next.actor === last.actor &&
    next.source === last.source &&
    next.summary === last.summary &&
    next.timeMs === last.timeMs &&
    next.traceContext === last.traceContext
  );
}
