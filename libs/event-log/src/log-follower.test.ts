import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import type { Failure } from "@routeledger/std";
import type { LogItem } from "./commit.ts";
import { appendedAll, chainOf, inWords, newCommit } from "./contract/contract-tools.ts";
import { configKinds } from "./kinds.ts";
import { LogFollower } from "./log-follower.ts";
import { MemoryEventLog, MemoryStorage } from "./memory-event-log.ts";

function newLog(): MemoryEventLog {
  return new MemoryEventLog("CONFIG", new MemoryStorage("memory"));
}

test("a follower hands out what is there at once as one batch, and then what comes", async () => {
  const log = newLog();
  const tail = await appendedAll(log, [newCommit(), newCommit(), newCommit()]);
  const batches: string[][] = [];
  const follower = new LogFollower(log, {
    from: undefined,
    kinds: configKinds,
    handle: (items) => void batches.push(inWords(items)),
  });
  const stop = new AbortController();
  const running = follower.run({ signal: stop.signal });
  equal(await follower.waitFor(3), true);
  await appendedAll(log, [newCommit()], tail);
  equal(await follower.waitFor(4), true);
  deepEqual(
    batches.map(({ length }) => length),
    [3, 1],
  );
  equal(follower.position.sequence, 4);
  const never = follower.waitFor(5);
  stop.abort();
  await running;
  equal(await never, false);
  equal(await follower.waitFor(5), false);
});

test("a batch holds at most what the follower was told", async () => {
  const log = newLog();
  await appendedAll(
    log,
    Array.from({ length: 5 }, () => newCommit()),
  );
  const sizes: number[] = [];
  const follower = new LogFollower(log, {
    from: undefined,
    kinds: configKinds,
    batchItemsMax: 2,
    handle: ({ length }) => void sizes.push(length),
  });
  await follower.run({ until: 5, signal: new AbortController().signal });
  deepEqual(sizes, [2, 2, 1]);
});

test("waitFor comes back for chunks at the end that nobody finished", async () => {
  const log = newLog();
  const messages = chainOf([{ chunk: 0, chunks: 2 }]).map((body) => ({ subject: "A", body }));
  await log.append({ messages, expectedLast: 0 });
  const follower = new LogFollower(log, { from: undefined, kinds: configKinds, handle: () => {} });
  const stop = new AbortController();
  const running = follower.run({ signal: stop.signal });
  equal(await follower.waitFor(1), true);
  equal(follower.position.sequence, 0);
  stop.abort();
  await running;
});

test("waitFor counts chunks that were read while the batch before them was handled", async () => {
  const log = newLog();
  const bodies = chainOf([{}, { chunk: 0, chunks: 2 }]);
  await log.append({ messages: bodies.map((body) => ({ subject: "A", body })), expectedLast: 0 });
  const follower = new LogFollower(log, {
    from: undefined,
    kinds: configKinds,
    handle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  const stop = new AbortController();
  const running = follower.run({ signal: stop.signal });
  const waiting = follower.waitFor(2);
  equal(await follower.waitFor(1), true);
  // Whoever is told of message 1 and not of 2 by then never will be: nothing else comes.
  setImmediate(() => setImmediate(() => stop.abort()));
  equal(await waiting, true);
  await running;
});

test("what the handler throws ends run, and everyone who waits is told", async () => {
  const log = newLog();
  await appendedAll(log, [newCommit(), newCommit()]);
  const follower = new LogFollower(log, {
    from: undefined,
    kinds: configKinds,
    batchItemsMax: 1,
    handle: ([item]: readonly LogItem[]) => {
      if (item?.tail.sequence === 2) throw new Error("no room");
    },
  });
  const waiting = follower.waitFor(2);
  const told = rejects(waiting, /no room/);
  await rejects(follower.run({ signal: new AbortController().signal }), /no room/);
  await told;
  equal(follower.position.sequence, 1);
});

test("rule S2: a follower says what it cannot read, hands out all before it, and goes on when it is skipped", async () => {
  const log = newLog();
  const tail = await appendedAll(log, [newCommit(), newCommit({ kind: "FromTheFuture" }), newCommit()]);
  const words: string[] = [];
  const stopped = Promise.withResolvers<Failure>();
  const follower = new LogFollower(log, {
    from: undefined,
    kinds: configKinds,
    handle: (items) => void words.push(...inWords(items)),
    onStopped: stopped.resolve,
  });
  const stop = new AbortController();
  const running = follower.run({ signal: stop.signal });
  equal((await stopped.promise).code, "log.tooNew");
  deepEqual(words, ["commit 1 ChangeSet"]);
  const skip = codec("routeledger.config.v1.EventSkipped").encode({
    revision: { epoch: 1, sequence: 2 },
    reason: "agreed",
  });
  await appendedAll(log, [newCommit({ kind: "EventSkipped", payload: skip })], tail);
  equal(await follower.waitFor(4), true);
  deepEqual(words.slice(1), ["skipped 2 skipped by", "commit 3 ChangeSet", "commit 4 EventSkipped"]);
  stop.abort();
  await running;
});
