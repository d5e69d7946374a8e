import { type Clock, concatBytes, sha256, utf8 } from "@routeledger/std";
import { emptyTail, type LogItem, type LogTail, type NewCommit } from "../commit.ts";
import { CommitReader, type CommitReaderOptions } from "../commit-reader.ts";
import { type CommitAppended, CommitWriter, type CommitWriterOptions } from "../commit-writer.ts";
import { type Envelope, encodeEnvelope } from "../envelope.ts";
import type { EventLog } from "../event-log-port.ts";
import { configKinds } from "../kinds.ts";

/** A clock that stands still, whose timers are due at once, and ids that count: nothing here is random. */
export function testTools(startMs = 1_700_000_000_000): {
  readonly clock: Clock & { nowMs: number };
  readonly randomBytes: (count: number) => Uint8Array;
} {
  let counter = 0;
  const clock = {
    nowMs: startMs,
    wallMs: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
    after: (_delayMs: number, callback: () => void) => {
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    },
  };
  const randomBytes = (count: number): Uint8Array => sha256(utf8(`id ${counter++}`)).subarray(0, count);
  return { clock, randomBytes };
}

/** A commit that says little. */
export function newCommit(changes: Partial<NewCommit> = {}): NewCommit {
  return {
    kind: "ChangeSet",
    schemaVersion: 1,
    term: 0,
    actor: "tester",
    source: "test",
    summary: "a change",
    payload: utf8("payload"),
    ...changes,
  };
}

/** Appends one commit and fails when that is refused. */
export async function appended(
  writer: CommitWriter,
  commit: NewCommit,
  tail: LogTail = emptyTail,
): Promise<CommitAppended> {
  const outcome = await writer.append(commit, tail);
  if (outcome.outcome !== "appended") throw new Error(`expected an appended commit, got ${outcome.outcome}`);
  return outcome;
}

/** Appends several commits one behind the other and returns the last tail. The tools decide ids and times. */
export async function appendedAll(
  log: EventLog,
  commits: readonly NewCommit[],
  from: LogTail = emptyTail,
  tools: CommitWriterOptions = testTools(),
): Promise<LogTail> {
  const writer = new CommitWriter(log, tools);
  let tail = from;
  for (const commit of commits) ({ tail } = await appended(writer, commit, tail));
  return tail;
}

/** All that an iterable yields until it ends. */
export async function collected<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of iterable) all.push(value);
  return all;
}

/** Everything that a reader yields up to the end that the log has now. */
export async function items(log: EventLog, options: Partial<CommitReaderOptions> = {}): Promise<LogItem[]> {
  const { lastSequence } = await log.info();
  const reader = new CommitReader(log, { from: undefined, kinds: configKinds, ...options });
  return await collected(reader.read({ until: lastSequence }));
}

/** The items in words: "commit 3 ChangeSet", "skipped 4 void chunk". */
export function inWords(read: readonly LogItem[]): string[] {
  return read.map((item) =>
    item.type === "commit"
      ? `commit ${item.commit.revision.sequence} ${item.commit.kind}`
      : `skipped ${item.sequence} ${/^(\w+ ?\w*)/.exec(item.reason)?.[1]}`,
  );
}

/** An envelope with some fields of its own. */
export function envelopeBody(fields: Partial<Envelope> = {}): Uint8Array {
  return encodeEnvelope({
    epoch: 1,
    commitId: new Uint8Array(16).fill(7),
    chunk: 0,
    chunks: 1,
    kind: "ChangeSet",
    schemaVersion: 1,
    term: 0,
    actor: "tester",
    source: "test",
    summary: "by hand",
    timeMs: 1_700_000_000_000,
    traceContext: "",
    previousHash: new Uint8Array(32),
    payload: utf8("payload"),
    ...fields,
  });
}

/** Bodies of which each holds the hash of the one before it, from the empty log on. */
export function chainOf(chunks: readonly (Partial<Envelope> | Uint8Array)[]): Uint8Array[] {
  let previousHash = emptyTail.hash;
  return chunks.map((chunk) => {
    const body = chunk instanceof Uint8Array ? chunk : envelopeBody({ previousHash, ...chunk });
    previousHash = sha256(body);
    return body;
  });
}

/** Bytes that look more or less like an envelope and are none. */
export function garbageBodies(): Uint8Array[] {
  const good = envelopeBody();
  return [
    new Uint8Array(0),
    utf8("not an envelope"),
    good.subarray(0, good.length - 1),
    concatBytes([good, new Uint8Array([0x7a, 1, 0])]),
    concatBytes([good, good]),
    envelopeBody({ epoch: 0 }),
    envelopeBody({ commitId: new Uint8Array(15) }),
    envelopeBody({ chunk: 1, chunks: 1 }),
    envelopeBody({ chunks: 129 }),
    envelopeBody({ kind: "no kind" }),
    envelopeBody({ schemaVersion: 0 }),
    envelopeBody({ previousHash: new Uint8Array(31) }),
  ];
}
