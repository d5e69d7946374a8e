import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { adoptLog, unchainedEnd } from "../adopt-log.ts";
import { adoptedSince } from "../adoption.ts";
import type { LogTail } from "../commit.ts";
import { CommitReader } from "../commit-reader.ts";
import { CommitWriter } from "../commit-writer.ts";
import { copyLog } from "../copy-log.ts";
import type { EventLog, LogName } from "../event-log-port.ts";
import { configKinds, deliveryKinds } from "../kinds.ts";
import { appendedAll, chainOf, collected, inWords, items, newCommit, testTools } from "./contract-tools.ts";
import type { EventLogHarness } from "./event-log-harness.ts";

const said = { ...testTools(), reason: "moved", actor: "operator", source: "test" };

interface Known {
  readonly from: LogTail;
  readonly identity: string;
}

/** A log of three commits, and what a reader of all of them knows. */
async function threeRead(harness: EventLogHarness): Promise<{ log: EventLog; known: Known }> {
  const log = await harness.create();
  const from = await appendedAll(log, [newCommit(), newCommit(), newCommit()]);
  return { log, known: { from, identity: (await log.info()).identity } };
}

async function copied(log: EventLog, harness: EventLogHarness): Promise<EventLog> {
  const copy = await harness.create();
  await copyLog(log, copy);
  return copy;
}

/** An operator's word on a log that was restored, truncated or moved. docs/spec/log.md: L10. */
export function adoptionContract(harness: EventLogHarness): void {
  test("rule L10: a log that was copied byte for byte and adopted is followed by those who knew the other one", async () => {
    const { log, known } = await threeRead(harness);
    const copy = await copied(log, harness);
    await rejects(items(copy, known), { code: "log.recreated" });
    const { revision, identity } = await adoptLog(copy, said);
    deepEqual(revision, { epoch: 2, sequence: 4 });
    notEqual(identity, known.identity);
    const reader = new CommitReader(copy, { kinds: configKinds, ...known });
    deepEqual(inWords(await collected(reader.read({ until: 4 }))), ["commit 4 LogAdopted"]);
    equal(reader.identity, identity);
    equal(reader.tail.epoch, 2);
    await appendedAll(copy, [newCommit()], reader.tail);
    deepEqual(inWords(await collected(reader.read({ until: 5 }))), ["commit 5 ChangeSet"]);
    deepEqual(inWords(await items(copy, { from: reader.tail, identity })), []);
  });

  test("rule L10: the copy of an adopted log is another log until it is adopted itself", async () => {
    const { log, known } = await threeRead(harness);
    await adoptLog(log, said);
    const copy = await copied(log, harness);
    await rejects(items(copy, known), { code: "log.recreated" });
    await adoptLog(copy, said);
    deepEqual(inWords(await items(copy, known)), ["commit 4 LogAdopted", "commit 5 LogAdopted"]);
  });

  test("rule L10: an adopted copy that lacks what was read is not gone on with, but begun again", async () => {
    const { log, known } = await threeRead(harness);
    const truncated = await harness.truncate(log, 2);
    await rejects(items(truncated, known), { code: "log.shorter" });
    equal(await adoptedSince(truncated, known.from), undefined);
    await adoptLog(truncated, { ...said, reason: "the disk is gone" });
    const failure = {
      code: "log.adopted",
      retryable: false,
      message: /message 3 is another.*at 2\.3: the disk/,
    };
    await rejects(items(truncated, known), failure);
    equal((await adoptedSince(truncated, known.from))?.revision.sequence, 3);
    const again = await items(truncated);
    deepEqual(inWords(again), ["commit 1 ChangeSet", "commit 2 ChangeSet", "commit 3 LogAdopted"]);
    equal(await adoptedSince(truncated, again.at(-1)!.tail), undefined);
  });

  test("rule L10: what is lost after an adoption that was read is a loss again", async () => {
    const { log, known } = await threeRead(harness);
    await adoptLog(log, said);
    const tail = await appendedAll(log, [newCommit()], (await items(log, known)).at(-1)!.tail);
    const truncated = await harness.truncate(log, 4);
    await rejects(items(truncated, { ...known, from: tail }), { code: "log.shorter" });
    await adoptLog(truncated, said);
    await rejects(items(truncated, { ...known, from: tail }), { code: "log.adopted" });
  });

  test("rule L10: a reader that meets a loss in the middle of a read is told of the adoption, too", async () => {
    const { log } = await threeRead(harness);
    let current = log;
    const exchanged: EventLog = {
      ...through(() => current),
      read: async function* ({ after, until = 0 }) {
        for (let at = after + 1; at <= until; at++) yield (await current.at(at))!;
      },
    };
    const reader = new CommitReader(exchanged, { kinds: configKinds, from: undefined });
    const reading = reader.read({ until: 3 });
    deepEqual(inWords([(await reading.next()).value!]), ["commit 1 ChangeSet"]);
    current = await harness.create();
    const others = Array.from({ length: 3 }, () => newCommit({ summary: "another history" }));
    await appendedAll(current, others);
    await adoptLog(current, said);
    await rejects(reading.next(), { code: "log.adopted", message: /message 1 is another one/ });
  });

  test("rule L10: a log that is broken in itself cannot be adopted", async () => {
    const log = await harness.create();
    const [first] = chainOf([{}]);
    const messages = [first!, ...chainOf([{ summary: "of another log" }, {}]).slice(1)];
    await log.append({ messages: messages.map((body) => ({ subject: "A", body })), expectedLast: 0 });
    await rejects(adoptLog(log, said), { code: "log.brokenChain" });
    equal((await log.info()).lastSequence, 2);
  });

  test("rule L10: an adoption gives an epoch above all that the operator and the log know", async () => {
    const log = await harness.create();
    deepEqual((await adoptLog(log, said)).revision, { epoch: 2, sequence: 1 });
    deepEqual((await adoptLog(log, { ...said, epoch: 7 })).revision, { epoch: 7, sequence: 2 });
    deepEqual((await adoptLog(log, { ...said, epoch: 3 })).revision, { epoch: 8, sequence: 3 });
  });

  test("rule L10: an adoption that loses races is decided again behind what came", async () => {
    const { log, known } = await threeRead(harness);
    const other = new CommitWriter(log, testTools(1));
    let races = 0;
    const racing: EventLog = {
      ...through(() => log),
      append: async (request) => {
        if (races++ === 0) await other.append(newCommit(), known.from);
        return await log.append(request);
      },
    };
    deepEqual((await adoptLog(racing, said)).revision, { epoch: 2, sequence: 5 });
    deepEqual(inWords(await items(log, known)), ["commit 4 ChangeSet", "commit 5 LogAdopted"]);
  });

  test("rule L10: DELIVERY, which has no chain, is gone on with where it is long enough, and begun again where not", async () => {
    const delivery = named("DELIVERY", await harness.create());
    const writer = new CommitWriter(delivery, testTools());
    const record = newCommit({ kind: "DeliveryBatch" });
    for (let count = 0; count < 3; count++) await writer.appendUnfenced(record);
    const reading = { kinds: deliveryKinds, chained: false };
    const [first, , third] = await items(delivery, reading);
    const copy = named("DELIVERY", await copied(delivery, harness));
    const { identity } = await delivery.info();
    await rejects(items(copy, { ...reading, from: first!.tail, identity }), { code: "log.recreated" });
    await adoptLog(copy, said);
    const words = ["commit 2 DeliveryBatch", "commit 3 DeliveryBatch", "commit 4 LogAdopted"];
    deepEqual(inWords(await items(copy, { ...reading, from: first!.tail, identity })), words);

    const shorter = named("DELIVERY", await harness.create());
    await new CommitWriter(shorter, testTools()).appendUnfenced(record);
    const atThird = { ...reading, from: third!.tail, identity };
    await rejects(items(shorter, atThird), { code: "log.recreated" });
    await adoptLog(shorter, said);
    await rejects(items(shorter, atThird), { code: "log.adopted" });
    for (let count = 0; count < 3; count++) await writer.appendUnfenced(record);
    // Longer than what was read by now: only the adoption, which does not stand behind that, tells of the loss.
    for (let count = 0; count < 3; count++)
      await new CommitWriter(shorter, testTools()).appendUnfenced(record);
    await rejects(items(shorter, atThird), { code: "log.adopted" });
    const end = await unchainedEnd(shorter);
    equal(end.sequence, 5);
    deepEqual(inWords(await items(shorter, { ...reading, from: end })), []);
  });

  test("a copy of a log that was broken off goes on, and what is no copy is refused", async () => {
    const { log } = await threeRead(harness);
    const copy = await harness.create();
    const [first] = await collected(log.read({ after: 0, until: 1 }));
    await copy.append({ messages: [{ subject: "ChangeSet", body: first!.body }], expectedLast: 0 });
    equal(await copyLog(log, copy), 2);
    equal(await copyLog(log, copy), 0);
    deepEqual(await items(copy), await items(log));
    equal((await copy.lastOf("ChangeSet"))?.sequence, 3);
    const another = await harness.create();
    await appendedAll(another, [newCommit({ summary: "not the same" })]);
    await rejects(copyLog(log, another), { code: "log.notACopy" });
    await log.purge(2);
    await rejects(copyLog(log, await harness.create()), { code: "log.purged" });
  });
}

/** The same storage under another name: what the name decides is not the adapter's matter. */
function named(name: LogName, log: EventLog): EventLog {
  return { ...through(() => log), name };
}

function through(log: () => EventLog): EventLog {
  return {
    name: log().name,
    info: () => log().info(),
    read: (options) => log().read(options),
    at: (sequence) => log().at(sequence),
    lastOf: (subject) => log().lastOf(subject),
    purge: (before) => log().purge(before),
    append: (request) => log().append(request),
    close: () => log().close(),
  };
}
