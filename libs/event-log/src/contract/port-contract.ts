import { deepEqual, equal, notEqual, rejects } from "node:assert/strict";
import { test } from "node:test";
import { utf8 } from "@routeledger/std";
import { appendMessagesMax, messageBytesMax } from "../append-request.ts";
import type { EventLog, LogMessage } from "../event-log-port.ts";
import { collected } from "./contract-tools.ts";
import type { EventLogHarness } from "./event-log-harness.ts";

function message(text: string, subject = "A") {
  return { subject, body: utf8(text) };
}

async function filled(harness: EventLogHarness, count: number): Promise<EventLog> {
  const log = await harness.create();
  for (let sequence = 1; sequence <= count; sequence++) {
    await log.append({ messages: [message(`body ${sequence}`)], expectedLast: sequence - 1 });
  }
  return log;
}

async function readAll(log: EventLog, from = 0): Promise<LogMessage[]> {
  const { lastSequence } = await log.info();
  return await collected(log.read({ after: from, until: lastSequence }));
}

/** The points of the contract in `EventLog`'s comment, by number. */
export function portContract(harness: EventLogHarness): void {
  test("contract 1: sequences start at 1, have no gaps and go on after a restart", async () => {
    let log = await filled(harness, 2);
    log = await harness.reopen(log);
    const outcome = await log.append({ messages: [message("c"), message("d")], expectedLast: 2 });
    deepEqual(outcome, { outcome: "appended", lastSequence: 4 });
    deepEqual(
      (await readAll(log)).map(({ sequence }) => sequence),
      [1, 2, 3, 4],
    );
    equal((await log.info()).lastSequence, 4);
  });

  test("contract 2: an append behind another last sequence stores nothing and says the last one", async () => {
    const log = await filled(harness, 2);
    for (const expectedLast of [0, 1, 3]) {
      const outcome = await log.append({ messages: [message("x"), message("y")], expectedLast });
      deepEqual(outcome, { outcome: "fenced", lastSequence: 2 });
    }
    equal((await readAll(log)).length, 2);
  });

  test("contract 2: of appends that race with the same expectation exactly one succeeds", async () => {
    const log = await filled(harness, 1);
    const racers = Array.from({ length: 20 }, (_, index) =>
      log.append({ messages: [message(`racer ${index}`), message(`racer ${index}`)], expectedLast: 1 }),
    );
    const outcomes = await Promise.all(racers);
    equal(outcomes.filter(({ outcome }) => outcome === "appended").length, 1);
    const [, second, third] = await readAll(log);
    deepEqual(second?.body, third?.body);
    equal((await log.info()).lastSequence, 3);
  });

  test("contract 3: the bodies of one append stand behind each other", async () => {
    const log = await harness.create();
    const many = (name: string) =>
      Array.from({ length: appendMessagesMax }, (_, index) => message(`${name} ${index}`));
    await Promise.all([
      log.append({ messages: many("a") }),
      log.append({ messages: many("b"), expectedLast: 0 }),
    ]);
    const names = (await readAll(log)).map(({ body }) => String.fromCharCode(body[0]!)).join("");
    equal(/^(a{128}(b{128})?|b{128}a{128})$/.test(names), true, names);
  });

  test("contract 4: what was appended is there after a restart", async () => {
    const log = await filled(harness, 3);
    const before = await readAll(log);
    deepEqual(await readAll(await harness.reopen(log)), before);
  });

  test("contract 5: read follows the log until it is aborted, and then ends", async () => {
    const log = await filled(harness, 2);
    const stop = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { sequence } of log.read({ after: 0, signal: stop.signal })) {
        seen.push(sequence);
        if (sequence === 2) void log.append({ messages: [message("c")], expectedLast: 2 });
        if (sequence === 3) void log.append({ messages: [message("d"), message("e")], expectedLast: 3 });
        if (sequence === 5) stop.abort();
      }
    })();
    await reading;
    deepEqual(seen, [1, 2, 3, 4, 5]);
  });

  test("contract 5: a reader that waits ends when it is aborted", async () => {
    const log = await filled(harness, 1);
    const stop = new AbortController();
    const waiting = log.read({ after: 1, signal: stop.signal })[Symbol.asyncIterator]().next();
    stop.abort();
    equal((await waiting).done, true);
  });

  test("contract 6: the identity stays over a restart and is another one for a log made again", async () => {
    let log = await filled(harness, 1);
    const { identity } = await log.info();
    log = await harness.reopen(log);
    equal((await log.info()).identity, identity);
    log = await harness.recreate(log);
    notEqual((await log.info()).identity, identity);
    equal((await log.info()).lastSequence, 0);
  });

  test("contract 7: purge removes from the beginning; a read before it is refused with the oldest", async () => {
    let log = await filled(harness, 5);
    await log.purge(4);
    await log.purge(2);
    log = await harness.reopen(log);
    const { firstSequence, lastSequence } = await log.info();
    deepEqual([firstSequence, lastSequence], [4, 5]);
    equal(await log.at(3), undefined);
    deepEqual(
      (await readAll(log, 3)).map(({ sequence }) => sequence),
      [4, 5],
    );
    await rejects(readAll(log, 2), { code: "log.compacted", message: /oldest is 4/ });
  });

  test("contract 7: a log that is purged whole goes on behind its last sequence", async () => {
    let log = await filled(harness, 3);
    await log.purge(100);
    log = await harness.reopen(log);
    const { firstSequence, lastSequence } = await log.info();
    deepEqual([firstSequence, lastSequence], [4, 3]);
    deepEqual(await log.append({ messages: [message("d")], expectedLast: 3 }), {
      outcome: "appended",
      lastSequence: 4,
    });
  });

  test("contract 8: bodies come back byte for byte, the empty and the largest too", async () => {
    const log = await harness.create();
    const bodies = [
      new Uint8Array(0),
      Uint8Array.from({ length: 256 }, (_, index) => index),
      new Uint8Array(messageBytesMax).fill(0xa5),
    ];
    const given = bodies.map((body) => body.slice());
    await log.append({ messages: given.map((body) => ({ subject: "A", body })), expectedLast: 0 });
    for (const body of given) body.fill(0);
    deepEqual(
      (await readAll(log)).map(({ body }) => new Uint8Array(body)),
      bodies,
    );
  });

  test("contract 9: lastOf finds the newest message of a subject, at finds any", async () => {
    const log = await harness.create();
    await log.append({
      messages: [message("1", "A"), message("2", "B"), message("3", "A")],
      expectedLast: 0,
    });
    equal((await log.lastOf("A"))?.sequence, 3);
    equal((await log.lastOf("B"))?.sequence, 2);
    equal(await log.lastOf("C"), undefined);
    deepEqual((await log.at(2))?.body, utf8("2"));
    deepEqual([await log.at(0), await log.at(4)], [undefined, undefined]);
    await log.purge(3);
    equal(await log.lastOf("B"), undefined);
  });

  test("contract 10: every reader has its own place, and one behind the end waits there", async () => {
    const log = await filled(harness, 2);
    const stop = new AbortController();
    const next = (from: number) =>
      log.read({ after: from, signal: stop.signal })[Symbol.asyncIterator]().next();
    const early = next(0);
    const late = next(3);
    await log.append({ messages: [message("3"), message("4")], expectedLast: 2 });
    equal((await early).value?.sequence, 1);
    equal((await late).value?.sequence, 4);
    stop.abort();
  });

  test("contract 11: after close readers end and calls fail with log.closed", async () => {
    const log = await filled(harness, 1);
    const waiting = log.read({ after: 1 })[Symbol.asyncIterator]().next();
    await log.close();
    await log.close();
    equal((await waiting).done, true);
    const closed = { code: "log.closed" };
    await rejects(log.append({ messages: [message("x")] }), closed);
    await rejects(log.info(), closed);
    await rejects(log.at(1), closed);
    await rejects(log.lastOf("A"), closed);
    await rejects(log.purge(1), closed);
    await rejects(collected(log.read({ after: 0, until: 1 })), closed);
    equal((await (await harness.reopen(log)).info()).lastSequence, 1);
  });
}
