import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "@routeledger/std";
import fc from "fast-check";
import { emptyTail, type LogItem } from "../commit.ts";
import { CommitReader } from "../commit-reader.ts";
import { CommitWriter } from "../commit-writer.ts";
import { decodeEnvelope } from "../envelope.ts";
import type { EventLog } from "../event-log-port.ts";
import { configKinds } from "../kinds.ts";
import { garbageBodies, inWords, items, newCommit, testTools } from "./contract-tools.ts";
import type { EventLogHarness } from "./event-log-harness.ts";
import { LossyEventLog } from "./lossy-event-log.ts";

type Step =
  | {
      readonly does: "append";
      readonly writer: number;
      readonly chunks: number;
      readonly kind: string;
      readonly term: number;
    }
  | { readonly does: "catchUp"; readonly writer: number }
  /** The writer dies when so many messages of its next commit are stored. */
  | { readonly does: "die"; readonly writer: number; readonly stored: number }
  | { readonly does: "loseReply"; readonly writer: number; readonly stored: number | "later" }
  | { readonly does: "garbage"; readonly which: number };

const writers = 3;
const garbage = garbageBodies();
const writer = fc.nat(writers - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      does: fc.constant("append" as const),
      writer,
      chunks: fc.integer({ min: 1, max: 3 }),
      kind: fc.constantFrom("ChangeSet", "TermStarted", "Catalog"),
      term: fc.nat(4),
    }),
  },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("catchUp" as const), writer }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant("die" as const),
      writer,
      stored: fc.integer({ min: 1, max: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant("loseReply" as const),
      writer,
      stored: fc.constantFrom(0, 1, 2, 3, "later" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant("garbage" as const), which: fc.nat(garbage.length - 1) }),
  },
);

/** One writer: an own reader for its tail, an own way to the log that can lose replies. */
class Participant {
  readonly lossy: LossyEventLog;
  readonly reader: CommitReader;
  readonly writer: CommitWriter;
  readonly seen: LogItem[] = [];

  constructor(log: EventLog, id: number, randomBytes: (count: number) => Uint8Array) {
    this.lossy = new LossyEventLog(log);
    this.reader = new CommitReader(log, { from: emptyTail, kinds: configKinds });
    this.writer = new CommitWriter(this.lossy, { clock: testTools(1_000 * id).clock, randomBytes });
  }

  async catchUp(log: EventLog): Promise<void> {
    const { lastSequence } = await log.info();
    for await (const item of this.reader.read({ until: lastSequence })) this.seen.push(item);
  }
}

/** Chunks of a commit have to be as large as they get, which is slow; three sizes are enough. */
const payloads = [1, 2, 3].map((chunks) => new Uint8Array((chunks - 1) * 512 * 1024 + 1));

async function played(
  log: EventLog,
  steps: readonly Step[],
): Promise<{ acknowledged: string[]; participants: Participant[] }> {
  const { randomBytes } = testTools();
  const participants = Array.from({ length: writers }, (_, id) => new Participant(log, id, randomBytes));
  const acknowledged: string[] = [];
  for (const next of steps) {
    if (next.does === "garbage") {
      const { lastSequence } = await log.info();
      const messages = [{ subject: "ChangeSet", body: garbage[next.which]! }];
      await log.append({ messages, expectedLast: lastSequence });
      continue;
    }
    const participant = participants[next.writer]!;
    if (next.does === "catchUp") await participant.catchUp(log);
    if (next.does === "loseReply") participant.lossy.loseReply({ stored: next.stored });
    if (next.does === "die") {
      await participant.catchUp(log);
      await diesInAppend(log, participant, next.stored, randomBytes);
    }
    if (next.does === "append") {
      const { kind, term, chunks } = next;
      const commit = newCommit({
        kind,
        term: kind === "ChangeSet" ? 0 : term,
        payload: payloads[chunks - 1]!,
      });
      const outcome = await participant.writer.append(commit, participant.reader.tail);
      if (outcome.outcome === "appended") acknowledged.push(outcome.commit.commitId);
    }
  }
  return { acknowledged, participants };
}

/** Stores a prefix of a commit of three chunks, and nobody ever goes on with it. */
async function diesInAppend(
  log: EventLog,
  { reader }: Participant,
  stored: number,
  randomBytes: (count: number) => Uint8Array,
): Promise<void> {
  const dying: EventLog = {
    name: log.name,
    info: () => log.info(),
    read: (options) => log.read(options),
    at: (sequence) => log.at(sequence),
    lastOf: (subject) => log.lastOf(subject),
    purge: (before) => log.purge(before),
    close: () => log.close(),
    append: async (request) => {
      await log.append({ ...request, messages: request.messages.slice(0, stored) });
      throw new Error("died");
    },
  };
  const dead = new CommitWriter(dying, { clock: testTools().clock, randomBytes });
  await dead.append(newCommit({ payload: payloads[2]! }), reader.tail).catch(() => {});
}

function isDeposed(item: LogItem): boolean {
  return item.type === "skipped" && item.reason.startsWith("deposed");
}

async function commitIdAt(log: EventLog, sequence: number): Promise<string> {
  const decoded = decodeEnvelope((await log.at(sequence))!.body);
  return decoded.ok ? toHex(decoded.envelope.commitId) : "";
}

/** Random interleavings; the seed is fast-check's, printed when it fails. */
export function interleavingContract(harness: EventLogHarness): void {
  test("P1, P2: whatever writers, crashes and noise do, no acknowledged commit is lost and all readers see the same", async () => {
    const runs = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const log = await harness.create();
      const { acknowledged, participants } = await played(log, steps);
      const all = await items(log);
      const committed = new Map(
        all.flatMap((item) => (item.type === "commit" ? [[item.commit.commitId, item.commit]] : [])),
      );
      const deposed = new Set(
        await Promise.all(all.filter(isDeposed).map((item) => commitIdAt(log, item.tail.sequence))),
      );
      const lost = acknowledged.filter((id) => !committed.has(id) && !deposed.has(id));
      deepEqual(lost, [], "acknowledged commits that are neither there nor of a deposed term");
      equal(new Set(acknowledged).size, acknowledged.length);
      for (const { seen, reader } of participants) {
        deepEqual(seen, all.slice(0, seen.length), "a live reader and a late one see the same");
        const rest = await items(log, { from: reader.resumeFrom });
        const reasonless = (read: readonly LogItem[]) => inWords(read);
        deepEqual(
          reasonless(rest),
          reasonless(all.slice(seen.length)),
          "a reader from the middle goes on with the same",
        );
      }
      const times = [...committed.values()].map(({ timeMs }) => timeMs);
      deepEqual(
        times,
        times.toSorted((a, b) => a - b),
        "time never goes back",
      );
      await log.close();
    });
    await fc.assert(runs, { numRuns: 100, endOnFailure: true, interruptAfterTimeLimit: 20_000 });
  });
}
