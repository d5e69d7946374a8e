import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import { sha256, toHex, utf8 } from "@routeledger/std";
import { emptyTail } from "../commit.ts";
import { CommitReader } from "../commit-reader.ts";
import { CommitWriter, commitBytesMax, resolveAttemptsMax } from "../commit-writer.ts";
import { chunkBytesMax, decodeEnvelope } from "../envelope.ts";
import type { EventLog } from "../event-log-port.ts";
import { configKinds, deliveryKinds } from "../kinds.ts";
import {
  appended,
  appendedAll,
  chainOf,
  collected,
  garbageBodies,
  inWords,
  items,
  newCommit,
  testTools,
} from "./contract-tools.ts";
import type { EventLogHarness } from "./event-log-harness.ts";
import { LossyEventLog } from "./lossy-event-log.ts";

const eventSkipped = codec("routeledger.config.v1.EventSkipped");

function skipOf(sequence: number) {
  const payload = eventSkipped.encode({ revision: { epoch: 1, sequence }, reason: "agreed" });
  return newCommit({ kind: "EventSkipped", payload });
}

async function storedBodies(log: EventLog, bodies: readonly Uint8Array[]): Promise<EventLog> {
  const { lastSequence } = await log.info();
  await log.append({ messages: bodies.map((body) => ({ subject: "A", body })), expectedLast: lastSequence });
  return log;
}

/** docs/spec/log.md: C (commits), S (skipping and stopping), T (terms), W (writers). */
export function commitContract(harness: EventLogHarness): void {
  test("rule C1: a commit of several chunks is one item, and its revision is the last chunk's sequence", async () => {
    const log = await harness.create();
    const payload = new Uint8Array(2 * chunkBytesMax + 1).map((_, index) => index % 251);
    const writer = new CommitWriter(log, testTools());
    const first = await appended(writer, newCommit());
    const second = await appended(writer, newCommit({ payload, summary: "long" }), first.tail);
    deepEqual(second.commit.revision, { epoch: 1, sequence: 4 });
    equal(second.commit.firstSequence, 2);
    const [, read] = await items(log);
    ok(read?.type === "commit");
    deepEqual(read.commit, second.commit);
    deepEqual(read.tail, second.tail);
  });

  test("rule C2: chunks with anything else between them are void, and so are those that nobody finished", async () => {
    const other = new Uint8Array(16).fill(9);
    const log = await storedBodies(
      await harness.create(),
      chainOf([
        { chunk: 0, chunks: 3 },
        { chunk: 1, chunks: 3 },
        { commitId: other },
        { chunk: 2, chunks: 3 },
        { chunk: 0, chunks: 2 },
        utf8("noise"),
        { chunk: 1, chunks: 2 },
        { chunk: 0, chunks: 2 },
        { chunk: 1, chunks: 2, summary: "not the same commit" },
        { chunk: 0, chunks: 2 },
      ]),
    );
    deepEqual(inWords(await items(log)), [
      "skipped 1 void chunk",
      "skipped 2 void chunk",
      "commit 3 ChangeSet",
      "skipped 4 void chunk",
      "skipped 5 void chunk",
      "skipped 6 no envelope",
      "skipped 7 void chunk",
      "skipped 8 void chunk",
      "skipped 9 void chunk",
    ]);
  });

  test("rule C2: a chunk that was left out, or is another commit's, completes nothing", async () => {
    const other = new Uint8Array(16).fill(9);
    const pairs = [
      [
        { chunk: 0, chunks: 3 },
        { chunk: 2, chunks: 3 },
      ],
      [
        { chunk: 0, chunks: 2 },
        { chunk: 1, chunks: 2, commitId: other },
      ],
      [
        { chunk: 0, chunks: 3 },
        { chunk: 1, chunks: 2 },
      ],
    ];
    for (const pair of pairs) {
      const log = await storedBodies(await harness.create(), chainOf(pair));
      await appendedAll(log, [newCommit()]);
      deepEqual(inWords(await items(log)), [
        "skipped 1 void chunk",
        "skipped 2 void chunk",
        "commit 3 ChangeSet",
      ]);
    }
  });

  test("rule C3: the chain counts every stored body, bytes that are no envelope too", async () => {
    const log = await harness.create();
    const noise = utf8("noise");
    await storedBodies(log, [noise]);
    const writer = new CommitWriter(log, testTools());
    const { commit } = await appended(writer, newCommit());
    equal(commit.revision.sequence, 2);
    const decoded = decodeEnvelope((await log.at(2))!.body);
    ok(decoded.ok);
    equal(toHex(decoded.envelope.previousHash), toHex(sha256(noise)));
    deepEqual(inWords(await items(log)), ["skipped 1 no envelope", "commit 2 ChangeSet"]);
  });

  test("rule S1: bytes that are no envelope are skipped one by one, each with its reason", async () => {
    const garbage = garbageBodies();
    const log = await storedBodies(await harness.create(), garbage);
    const read = await items(log);
    equal(read.length, garbage.length);
    for (const item of read)
      ok(item.type === "skipped" && item.reason.startsWith("no envelope: "), JSON.stringify(item));
  });

  test("rule S2: a kind or schema version that is too new stops the reader, every time, at the same place", async () => {
    for (const change of [{ kind: "FromTheFuture" }, { schemaVersion: 2 }]) {
      const log = await harness.create();
      await appendedAll(log, [newCommit(), newCommit(change), newCommit()]);
      const reader = new CommitReader(log, { from: undefined, kinds: configKinds });
      const seen: number[] = [];
      const readOn = async () => {
        for await (const item of reader.read({ until: 3 })) seen.push(item.tail.sequence);
      };
      await rejects(readOn(), {
        code: "log.tooNew",
        message: /1\.2 is a (FromTheFuture|ChangeSet) of schema version [12]/,
      });
      equal(reader.stoppedAt?.revision.sequence, 2);
      await rejects(readOn(), { code: "log.tooNew" });
      deepEqual(seen, [1]);
      equal(reader.resumeFrom.sequence, 1);
    }
  });

  test("rule S3: an EventSkipped further on lets the reader go on behind the revision that it names", async () => {
    const log = await harness.create();
    const tail = await appendedAll(log, [newCommit(), newCommit({ kind: "FromTheFuture" }), newCommit()]);
    const reader = new CommitReader(log, { from: undefined, kinds: configKinds });
    await rejects(collected(reader.read({ until: 3 })), { code: "log.tooNew" });
    const resumed = reader.awaitSkip(new AbortController().signal);
    await appendedAll(log, [skipOf(2)], tail);
    await resumed;
    const rest = await collected(reader.read({ until: 4 }));
    deepEqual(inWords(rest), ["skipped 2 skipped by", "commit 3 ChangeSet", "commit 4 EventSkipped"]);
    deepEqual(inWords(await items(log)), ["commit 1 ChangeSet", ...inWords(rest)]);
  });

  test("rule S4: a reader that could read the revision skips it all the same", async () => {
    const log = await harness.create();
    await appendedAll(log, [newCommit(), newCommit({ kind: "FromTheFuture" }), skipOf(2)]);
    const newer = await items(log, { kinds: { ...configKinds, FromTheFuture: 1 } });
    deepEqual(inWords(newer), inWords(await items(log)));
  });

  test("rule S4: a reader that has already yielded what is now skipped stops and has to begin again", async () => {
    const log = await harness.create();
    const tail = await appendedAll(log, [newCommit(), newCommit()]);
    const reader = new CommitReader(log, { from: undefined, kinds: configKinds });
    await collected(reader.read({ until: 2 }));
    await appendedAll(log, [skipOf(2)], tail);
    await rejects(collected(reader.read({ until: 3 })), { code: "log.skippedAfterRead" });
    deepEqual(inWords(await items(log)), [
      "commit 1 ChangeSet",
      "skipped 2 skipped by",
      "commit 3 EventSkipped",
    ]);
  });

  test("rule S5: an EventSkipped does not reach back behind a Catalog, for any reader", async () => {
    const log = await harness.create();
    const tail = await appendedAll(log, [newCommit(), newCommit({ kind: "Catalog" })]);
    const live = new CommitReader(log, { from: undefined, kinds: configKinds });
    const before = await collected(live.read({ until: 2 }));
    await appendedAll(log, [skipOf(1)], tail);
    const words = ["commit 1 ChangeSet", "commit 2 Catalog", "commit 3 EventSkipped"];
    deepEqual(inWords([...before, ...(await collected(live.read({ until: 3 })))]), words);
    deepEqual(inWords(await items(log)), words);
  });

  test("rule T1: a lower term than the highest started is skipped in the translator's kinds and in no other", async () => {
    const log = await harness.create();
    await appendedAll(log, [
      newCommit({ kind: "TermStarted", term: 3 }),
      newCommit({ kind: "TermStarted", term: 5 }),
      newCommit({ kind: "Catalog", term: 3 }),
      newCommit({ kind: "TermStarted", term: 4 }),
      newCommit({ kind: "TranslatorActivated", term: 5 }),
      newCommit({ term: 0 }),
      newCommit({ kind: "CheckpointPart", term: 0 }),
    ]);
    const read = await items(log);
    deepEqual(inWords(read), [
      "commit 1 TermStarted",
      "commit 2 TermStarted",
      "skipped 3 deposed term",
      "skipped 4 deposed term",
      "commit 5 TranslatorActivated",
      "commit 6 ChangeSet",
      "skipped 7 deposed term",
    ]);
    equal(read.at(-1)?.tail.term, 5);
    for (const { tail } of read.slice(1)) {
      deepEqual(await items(log, { from: tail }), read.slice(tail.sequence), `from ${tail.sequence}`);
    }
  });

  test("rule T2: only a TermStarted that counts raises the term", async () => {
    const log = await harness.create();
    await appendedAll(log, [
      newCommit({ kind: "TranslatorActivated", term: 7 }),
      newCommit({ kind: "TermStarted", term: 3 }),
      newCommit({ kind: "TermStarted", term: 2 }),
      newCommit({ kind: "TermStarted", term: 9 }),
      skipOf(4),
      newCommit({ kind: "TranslatorActivated", term: 3 }),
    ]);
    const read = await items(log);
    deepEqual(
      read.map(({ type, tail }) => `${type} ${tail.term}`),
      ["commit 0", "commit 3", "skipped 3", "skipped 3", "commit 3", "commit 3"],
    );
  });

  test("rule W1: a commit behind the tail fences the writer, and only that", async () => {
    const log = await harness.create();
    const writer = new CommitWriter(log, testTools());
    const { tail } = await appended(writer, newCommit());
    await appended(writer, newCommit(), tail);
    deepEqual(await writer.append(newCommit(), tail), { outcome: "fenced", lastSequence: 2 });
    deepEqual(await writer.append(newCommit(), emptyTail), { outcome: "fenced", lastSequence: 2 });
  });

  test("rule W1: chunks that a dead writer left and noise do not hinder the next one", async () => {
    const log = await harness.create();
    await storedBodies(
      log,
      chainOf([{ chunk: 0, chunks: 3 }, { chunk: 1, chunks: 3 }, utf8("noise"), { chunk: 0, chunks: 2 }]),
    );
    const { commit } = await appended(new CommitWriter(log, testTools()), newCommit());
    equal(commit.revision.sequence, 5);
    equal((await items(log)).at(-1)?.type, "commit");
  });

  test("rule W1: another's commit of which only the beginning is seen at first is not passed over", async () => {
    const log = await harness.create();
    const payload = new Uint8Array(chunkBytesMax + 1);
    await appendedAll(log, [newCommit({ payload })]);
    let shown = 1;
    // A replicated storage stores an append at once and shows it message by message.
    const showing: EventLog = {
      name: log.name,
      info: () => log.info(),
      read: (options) => log.read(options),
      at: (sequence) => log.at(sequence),
      lastOf: (subject) => log.lastOf(subject),
      purge: (before) => log.purge(before),
      close: () => log.close(),
      append: async (request) => {
        const outcome = await log.append(request);
        if (outcome.outcome === "appended") return outcome;
        return { ...outcome, lastSequence: Math.min(outcome.lastSequence, shown++) };
      },
    };
    const outcome = await new CommitWriter(showing, testTools(1)).append(newCommit(), emptyTail);
    deepEqual(outcome, { outcome: "fenced", lastSequence: 2 });
    equal((await log.info()).lastSequence, 2);
  });

  test("rule W2: a commit of more than 64 MiB is refused as a value", async () => {
    const log = await harness.create();
    const payload = new Uint8Array(commitBytesMax + 1);
    const outcome = await new CommitWriter(log, testTools()).append(newCommit({ payload }), emptyTail);
    deepEqual(outcome, { outcome: "tooLarge", bytes: commitBytesMax + 1, bytesMax: commitBytesMax });
    equal((await log.info()).lastSequence, 0);
  });

  test("rule W2: a commit of exactly 64 MiB is stored", async () => {
    const log = await harness.create();
    const payload = new Uint8Array(commitBytesMax);
    const { commit } = await appended(new CommitWriter(log, testTools()), newCommit({ payload }));
    equal(commit.revision.sequence, 128);
    const [read] = await items(log);
    ok(read?.type === "commit" && read.commit.payload.length === commitBytesMax);
  });

  test("rule W3: a commit's time is never before that of the one before it", async () => {
    const log = await harness.create();
    const tools = testTools(2_000);
    const writer = new CommitWriter(log, tools);
    const first = await appended(writer, newCommit());
    tools.clock.nowMs = 1_000;
    const second = await appended(writer, newCommit(), first.tail);
    tools.clock.nowMs = 3_000;
    const third = await appended(writer, newCommit(), second.tail);
    deepEqual([first.commit.timeMs, second.commit.timeMs, third.commit.timeMs], [2_000, 2_000, 3_000]);
  });

  test("rule W4: whatever a lost reply hid, the commit is stored once", async () => {
    const payload = new Uint8Array(3 * chunkBytesMax);
    for (const stored of [0, 1, 2, 3, "later"] as const) {
      for (const losses of [[{ stored }], [{ stored }, { stored: 0 }]]) {
        const log = await harness.create();
        const lossy = new LossyEventLog(log);
        lossy.loseReply(...losses);
        const { commit } = await appended(new CommitWriter(lossy, testTools()), newCommit({ payload }));
        equal(commit.revision.sequence, 3, `stored ${stored}`);
        deepEqual(inWords(await items(log)), ["commit 3 ChangeSet"], `stored ${stored}`);
      }
    }
  });

  test("rule W4: another writer's commit in the place of one whose reply was lost fences it", async () => {
    const log = await harness.create();
    const lossy = new LossyEventLog(log);
    lossy.loseReply({ stored: 0 });
    const slow = new CommitWriter(lossy, testTools());
    const fast = new CommitWriter(log, testTools(1));
    const racing = slow.append(newCommit({ summary: "slow" }), emptyTail);
    await appended(fast, newCommit({ summary: "fast" }));
    equal((await racing).outcome, "fenced");
    deepEqual(inWords(await items(log)), ["commit 1 ChangeSet"]);
  });

  test("rule W4: an outcome that cannot be found out is a Failure, not a guess", async () => {
    const lossy = new LossyEventLog(await harness.create());
    lossy.loseReply(...Array.from({ length: resolveAttemptsMax }, () => ({ stored: 0 })));
    const writer = new CommitWriter(lossy, testTools());
    await rejects(writer.append(newCommit(), emptyTail), { code: "log.unknownOutcome" });
    equal(lossy.appends, resolveAttemptsMax);
  });

  test("rule W5: of many writers with the same tail one wins, and all others are told", async () => {
    const log = await harness.create();
    const writer = new CommitWriter(log, testTools());
    const payload = new Uint8Array(chunkBytesMax + 1);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => writer.append(newCommit({ payload }), emptyTail)),
    );
    equal(outcomes.filter(({ outcome }) => outcome === "appended").length, 1);
    deepEqual(inWords(await items(log)), ["commit 2 ChangeSet"]);
  });

  test("rule D1: a log without fence and chain takes records from many writers", async () => {
    const log = await harness.create();
    const writers = [1, 2, 3].map((start) => new CommitWriter(log, testTools(start)));
    const record = newCommit({ kind: "DeliveryBatch" });
    await Promise.all(writers.map((writer) => writer.appendUnfenced(record)));
    const read = await items(log, { kinds: deliveryKinds, chained: false });
    deepEqual(inWords(read), ["commit 1 DeliveryBatch", "commit 2 DeliveryBatch", "commit 3 DeliveryBatch"]);
    const payload = new Uint8Array(chunkBytesMax + 1);
    equal((await writers[0]!.appendUnfenced({ ...record, payload })).outcome, "tooLarge");
  });
}
