import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { emptyTail } from "../commit.ts";
import { CommitReader } from "../commit-reader.ts";
import { CommitWriter } from "../commit-writer.ts";
import type { EventLog } from "../event-log-port.ts";
import { configKinds } from "../kinds.ts";
import {
  appended,
  appendedAll,
  chainOf,
  collected,
  inWords,
  items,
  newCommit,
  testTools,
} from "./contract-tools.ts";
import type { EventLogHarness } from "./event-log-harness.ts";

async function threeCommits(harness: EventLogHarness): Promise<EventLog> {
  const log = await harness.create();
  await appendedAll(log, [newCommit(), newCommit(), newCommit()]);
  return log;
}

/** A commit that differs from the ones of `threeCommits`. */
const anotherCommit = newCommit({ summary: "another history" });

/** P1: a loss below us is detected and said, never followed. docs/spec/log.md: L. */
export function damageContract(harness: EventLogHarness): void {
  test("rule L1: a log that is shorter than what was read stops the reader", async () => {
    let log = await threeCommits(harness);
    const [, , third] = await items(log);
    log = await harness.truncate(log, 2);
    await rejects(items(log, { from: third!.tail }), {
      code: "log.shorter",
      message: /ends at 2, 3 was read/,
    });
  });

  test("rule L2: a log that was truncated and written on stops the reader, also at the end", async () => {
    let log = await threeCommits(harness);
    const [, second, third] = await items(log);
    log = await harness.truncate(log, 2);
    await appendedAll(log, [anotherCommit], second!.tail);
    await rejects(items(log, { from: third!.tail }), {
      code: "log.brokenChain",
      message: /message 3 is another/,
    });
    deepEqual(inWords(await items(log, { from: second!.tail })), ["commit 3 ChangeSet"]);
  });

  test("rule L3: a message that was exchanged breaks the chain for a reader from the beginning", async () => {
    let log = await threeCommits(harness);
    const [first, second, third] = await collected(log.read({ after: 0, until: 3 }));
    log = await harness.recreate(log);
    const changed = second!.body.slice();
    changed[changed.length - 1] = changed.at(-1)! ^ 1;
    const messages = [first!.body, changed, third!.body].map((body) => ({ subject: "A", body }));
    await log.append({ messages, expectedLast: 0 });
    await rejects(items(log), { code: "log.brokenChain", message: /message 3/ });
  });

  test("rule L4: a log that was made again stops a reader that knows its identity, even when it is empty", async () => {
    let log = await threeCommits(harness);
    const { identity } = await log.info();
    log = await harness.recreate(log);
    await rejects(items(log, { identity }), { code: "log.recreated" });
    await appendedAll(log, [anotherCommit, anotherCommit, anotherCommit]);
    await rejects(items(log, { identity }), { code: "log.recreated" });
  });

  test("rule L5: an old copy that was brought back and written on is not followed", async () => {
    const before = await threeCommits(harness);
    const { log, copy } = await harness.copy(before);
    const tail = (await items(log)).at(-1)!.tail;
    const newest = await appendedAll(log, [newCommit({ summary: "lost by the copy" })], tail);
    const restored = await copy.restore(log);
    await rejects(items(restored, { from: newest }), { code: "log.shorter" });
    const later = await appendedAll(restored, [anotherCommit, anotherCommit], tail);
    equal(later.sequence, newest.sequence + 1);
    await rejects(items(restored, { from: newest }), { code: "log.brokenChain" });
  });

  test("rule L6: a writer behind an old copy's end is fenced, or breaks no chain", async () => {
    const before = await threeCommits(harness);
    const { log, copy } = await harness.copy(before);
    const tail = await appendedAll(log, [newCommit()], (await items(log)).at(-1)!.tail);
    const restored = await copy.restore(log);
    const outcome = await new CommitWriter(restored, testTools()).append(newCommit(), tail);
    deepEqual(outcome, { outcome: "fenced", lastSequence: 3 });
  });

  test("rule L7: a reader that begins in what was purged is told where the log begins", async () => {
    const log = await threeCommits(harness);
    const [, second] = await items(log);
    await log.purge(3);
    await rejects(items(log), { code: "log.compacted", message: /oldest is 3/ });
    deepEqual(inWords(await items(log, { from: second!.tail })), ["commit 3 ChangeSet"]);
  });

  test("rule L8: an epoch goes up when an operator raises it and never down", async () => {
    const log = await threeCommits(harness);
    const tail = (await items(log)).at(-1)!.tail;
    const writer = new CommitWriter(log, testTools());
    const adopted = await appended(writer, newCommit({ epoch: 2 }), tail);
    const next = await appended(writer, newCommit(), adopted.tail);
    deepEqual(next.commit.revision, { epoch: 2, sequence: 5 });
    equal((await items(log)).length, 5);
    const stale = await harness.create();
    const bodies = chainOf([{ epoch: 2 }, { epoch: 1 }]);
    await stale.append({ messages: bodies.map((body) => ({ subject: "A", body })), expectedLast: 0 });
    await rejects(items(stale), { code: "log.staleEpoch", message: /message 2 has epoch 1 after epoch 2/ });
  });

  test("rule L9: a reader that is read again goes on where it ended and yields nothing twice", async () => {
    let log = await threeCommits(harness);
    const reader = new CommitReader(log, { from: emptyTail, kinds: configKinds });
    const seen: number[] = [];
    for await (const item of reader.read({ until: 3 })) {
      seen.push(item.tail.sequence);
      if (seen.length === 2) break;
    }
    for await (const item of reader.read({ until: 3 })) seen.push(item.tail.sequence);
    deepEqual(seen, [1, 2, 3]);
    log = await harness.reopen(log);
    deepEqual(inWords(await items(log, { from: reader.resumeFrom })), []);
  });
}
