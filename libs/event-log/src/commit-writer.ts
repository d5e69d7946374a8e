import { assert, bytesEqual, type Clock, Failure, sha256, utf8 } from "@routeledger/std";
import { type Commit, commitOf, emptyTail, type LogTail, type NewCommit, tailAfter } from "./commit.ts";
import { CommitAssembler } from "./commit-assembler.ts";
import { chunkBytesMax, chunksMax, type Envelope, encodeEnvelope } from "./envelope.ts";
import type { EventLog, NewMessage } from "./event-log-port.ts";

/** Bytes of payload in one commit: 64 MiB. */
export const commitBytesMax = chunkBytesMax * chunksMax;
/** Bytes of UTF-8 of actor, source, summary and trace context each; more is cut off. */
export const envelopeTextBytesMax = 4096;
/** How often an append whose outcome is unknown is asked for before the caller gets the Failure. */
export const resolveAttemptsMax = 16;
/** How long is tried to find that out, milliseconds; a call of the adapter that is under way then may take longer. */
export const resolveForMs = 10_000;
/** Messages without effect behind the tail that a writer goes over by itself. */
const passedOverMax = 1024;
/** Wait before the second attempt; twice as long before each one after it. */
const resolveDelayMinMs = 20;
/** Longest wait before an attempt. */
const resolveDelayMaxMs = 1_000;

export interface CommitWriterOptions {
  readonly clock: Clock;
  /** Cryptographically random bytes, `crypto.randomBytes`. */
  readonly randomBytes: (count: number) => Uint8Array;
}

export type CommitAppended = {
  readonly outcome: "appended";
  readonly commit: Commit;
  /** What the next commit is appended to. */
  readonly tail: LogTail;
};

export type CommitOutcome =
  | CommitAppended
  /** Another writer was first: nothing of this commit counts. Read on, decide again. */
  | { readonly outcome: "fenced"; readonly lastSequence: number }
  | { readonly outcome: "tooLarge"; readonly bytes: number; readonly bytesMax: number };

/**
 * Appends commits: splits them into chunks of 512 KiB, chains and fences them, and finds out what became of an
 * append whose reply was lost.
 *
 * Holds no position; the caller passes the tail that it knows, so one writer serves many appends at a time, of
 * which those with the same tail race and one wins.
 */
export class CommitWriter {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #randomBytes: (count: number) => Uint8Array;

  constructor(log: EventLog, { clock, randomBytes }: CommitWriterOptions) {
    this.#log = log;
    this.#clock = clock;
    this.#randomBytes = randomBytes;
  }

  /**
   * Appends behind all commits up to `tail`, or not at all: another commit behind `tail` fences it, chunks that
   * nobody finished and bytes that are no envelope do not. The commit's time is now, or the tail's where that is
   * later.
   *
   * @throws Failure of the adapter, then nothing of the commit counts; `log.unknownOutcome` when reading back did
   * not tell either, in 16 attempts and 10 s: the commit may appear later, so the caller reads the log before it
   * decides anything.
   */
  async append(commit: NewCommit, tail: LogTail): Promise<CommitOutcome> {
    const bytes = commit.payload.length;
    if (bytes > commitBytesMax) return { outcome: "tooLarge", bytes, bytesMax: commitBytesMax };
    let from = tail;
    for (;;) {
      const { last, messages } = chained(this.#envelopeOf(commit, from), commit.payload, from.hash);
      const fence = await this.#store(messages, from.sequence);
      if (fence === undefined) {
        const sequence = from.sequence + messages.length;
        const appended = commitOf(
          last,
          { ...from, sequence, hash: sha256(messages.at(-1)!.body) },
          commit.payload,
        );
        return { outcome: "appended", commit: appended, tail: tailAfter(from, appended) };
      }
      // From the tail each time: what was passed over may have been the beginning of a commit that is whole by now.
      const beyond = await this.#passOver(tail, fence);
      if (!beyond) return { outcome: "fenced", lastSequence: fence };
      from = beyond;
    }
  }

  /** The tail at `lastSequence` when no commit stands between it and `from`: a writer that died left only chunks. */
  async #passOver(from: LogTail, lastSequence: number): Promise<LogTail | undefined> {
    const count = lastSequence - from.sequence;
    if (count < 1 || count > passedOverMax) return undefined;
    const assembler = new CommitAssembler({ log: this.#log.name, from });
    for await (const message of this.#log.read({ after: from.sequence, until: lastSequence })) {
      if (assembler.push(message).some(({ type }) => type === "commit")) return undefined;
    }
    return assembler.tail;
  }

  /**
   * Appends wherever the log ends, unchained: for DELIVERY. One message; records say themselves when they are
   * repeated, so after a Failure `log.unknownOutcome` the caller may append again.
   */
  async appendUnfenced(
    commit: NewCommit,
  ): Promise<
    | { readonly outcome: "appended"; readonly sequence: number }
    | { readonly outcome: "tooLarge"; readonly bytes: number; readonly bytesMax: number }
  > {
    const bytes = commit.payload.length;
    if (bytes > chunkBytesMax) return { outcome: "tooLarge", bytes, bytesMax: chunkBytesMax };
    const { messages } = chained(this.#envelopeOf(commit, emptyTail), commit.payload, new Uint8Array(0));
    const appended = await this.#log.append({ messages });
    return { outcome: "appended", sequence: appended.lastSequence };
  }

  #envelopeOf(commit: NewCommit, tail: LogTail): Envelope {
    const { kind, schemaVersion, term, epoch = Math.max(1, tail.epoch), payload } = commit;
    assert(/^[A-Za-z][A-Za-z0-9]{0,63}$/.test(kind), `a kind that is a message's name, got ${kind}`);
    assert(schemaVersion >= 1, `a schema version of at least 1, got ${schemaVersion}`);
    assert(epoch >= tail.epoch, `an epoch of at least the tail's ${tail.epoch}, got ${epoch}`);
    const commitId = this.#randomBytes(16);
    assert(commitId.length === 16, `16 random bytes, got ${commitId.length}`);
    return {
      epoch,
      commitId,
      chunk: 0,
      chunks: Math.max(1, Math.ceil(payload.length / chunkBytesMax)),
      kind,
      schemaVersion,
      term,
      actor: cut(commit.actor),
      source: cut(commit.source),
      summary: cut(commit.summary),
      timeMs: Math.max(Math.floor(this.#clock.wallMs()), tail.timeMs, 0),
      traceContext: cut(commit.traceContext ?? ""),
      previousHash: tail.hash,
      payload,
    };
  }

  /** Stores all messages after `expectedLast` and returns undefined, or returns the last sequence when fenced. */
  async #store(messages: readonly NewMessage[], expectedLast: number): Promise<number | undefined> {
    const startedMs = this.#clock.monotonicMs();
    let stored = 0;
    for (let attempt = 1; ; attempt++) {
      let failed: unknown;
      try {
        if (attempt > 1) {
          const found = await this.#readBack(messages, expectedLast, stored);
          if (found === "other") return (await this.#log.info()).lastSequence;
          if (found === messages.length) return undefined;
          // What is missing may still be on its way: the same bytes behind the same fence are stored once at most.
          stored = found;
        }
        const outcome = await this.#log.append({
          messages: messages.slice(stored),
          expectedLast: expectedLast + stored,
        });
        if (outcome.outcome === "appended") return undefined;
        // The first append is new to the log: only after a lost reply can what stands there be ours.
        if (attempt === 1) return outcome.lastSequence;
      } catch (error) {
        if (attempt === 1 && !isUnknownOutcome(error)) throw error;
        if (!(error instanceof Failure && error.retryable)) throw unresolved(this.#log, error);
        failed = error;
      }
      const spentMs = this.#clock.monotonicMs() - startedMs;
      if (attempt >= resolveAttemptsMax || spentMs >= resolveForMs) throw unresolved(this.#log, failed);
      await this.#pause(Math.min(resolveDelayMinMs * 2 ** (attempt - 1), resolveDelayMaxMs));
    }
  }

  /** How many of the messages stand in the log, or "other" when another writer's message stands in their place. */
  async #readBack(
    messages: readonly NewMessage[],
    expectedLast: number,
    from: number,
  ): Promise<number | "other"> {
    for (let index = from; index < messages.length; index++) {
      const found = await this.#log.at(expectedLast + index + 1);
      if (!found) return index;
      if (!bytesEqual(found.body, messages[index]!.body)) return "other";
    }
    return messages.length;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(delayMs, resolve));
  }
}

/** The chunks of a commit as messages, each holding the hash of the one before it, and the envelope of the last. */
function chained(
  envelope: Envelope,
  payload: Uint8Array,
  previousHash: Uint8Array,
): { last: Envelope; messages: NewMessage[] } {
  const messages: NewMessage[] = [];
  let hash = previousHash;
  let last = envelope;
  for (let chunk = 0; chunk < envelope.chunks; chunk++) {
    const start = chunk * chunkBytesMax;
    last = {
      ...envelope,
      chunk,
      previousHash: hash,
      payload: payload.subarray(start, start + chunkBytesMax),
    };
    const body = encodeEnvelope(last);
    messages.push({ subject: envelope.kind, body });
    if (previousHash.length > 0) hash = sha256(body);
  }
  return { last, messages };
}

function isUnknownOutcome(error: unknown): boolean {
  return error instanceof Failure && error.code === "log.unknownOutcome";
}

function unresolved(log: EventLog, cause: unknown): Failure {
  return new Failure(`append to log ${log.name}: whether it was stored could not be found out`, {
    code: "log.unknownOutcome",
    retryable: true,
    hint: "the log's storage is not reachable; what was appended may appear later",
    fields: { log: log.name },
    cause,
  });
}

/** Well-formed text of at most `envelopeTextBytesMax` bytes of UTF-8, cut between characters. */
function cut(text: string): string {
  const wellFormed = text.toWellFormed();
  if (wellFormed.length * 3 <= envelopeTextBytesMax || utf8(wellFormed).length <= envelopeTextBytesMax) {
    return wellFormed;
  }
  let end = Math.min(wellFormed.length, envelopeTextBytesMax);
  while (utf8(wellFormed.slice(0, end)).length > envelopeTextBytesMax) end -= Math.ceil(end / 64);
  return wellFormed.slice(0, end).replace(/[\uD800-\uDBFF]$/, "");
}
