import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import type { Failure } from "@routeledger/std";
import { emptyTail } from "../commit.ts";
import { CommitWriter, resolveForMs } from "../commit-writer.ts";
import type { EventLog } from "../event-log-port.ts";
import { configKinds } from "../kinds.ts";
import { LogFollower } from "../log-follower.ts";
import { appended, appendedAll, inWords, items, newCommit, testTools } from "./contract-tools.ts";
import type { EventLogHarness } from "./event-log-harness.ts";
import { LossyEventLog } from "./lossy-event-log.ts";

/** A follower that runs on a log with two commits, and what it said. */
function following(log: EventLog) {
  const said: string[] = [];
  const interrupted = Promise.withResolvers<Failure>();
  const resumed = Promise.withResolvers<void>();
  const follower = new LogFollower(log, {
    from: undefined,
    kinds: configKinds,
    clock: testTools().clock,
    handle: (read) => void said.push(...inWords(read)),
    onInterrupted: (failure) => {
      said.push(`interrupted ${failure.code}`);
      interrupted.resolve(failure);
    },
    onResumed: () => {
      said.push("resumed");
      resumed.resolve();
    },
  });
  const stop = new AbortController();
  const running = follower.run({ signal: stop.signal });
  const ended = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return { said, interrupted: interrupted.promise, resumed: resumed.promise, follower, running, ended };
}

async function twoCommits(harness: EventLogHarness) {
  const log = await harness.create();
  const tail = await appendedAll(log, [newCommit(), newCommit()]);
  return { log, tail, lossy: new LossyEventLog(log) };
}

const readBefore = ["commit 1 ChangeSet", "commit 2 ChangeSet"];

/** What a follower and a writer make of storage that cannot be reached for a while. docs/spec/log.md: L1 to L5, W4. */
export function outageContract(harness: EventLogHarness): void {
  test("rule L9: a follower reads again after an outage, says so once, and hands out everything once", async () => {
    const { log, tail, lossy } = await twoCommits(harness);
    const { said, interrupted, resumed, follower, ended } = following(lossy);
    equal(await follower.waitFor(2), true);
    const waiting = follower.waitFor(3);
    lossy.beginOutage();
    equal((await interrupted).code, "log.unreachable");
    await appendedAll(log, [newCommit()], tail);
    lossy.mend();
    await resumed;
    equal(await waiting, true);
    deepEqual(said, [...readBefore, "interrupted log.unreachable", "resumed", "commit 3 ChangeSet"]);
    await ended();
  });

  test("rule L9: a follower that begins in an outage waits for its end; one that is stopped in it ends", async () => {
    const { lossy } = await twoCommits(harness);
    lossy.beginOutage();
    const first = following(lossy);
    await first.interrupted;
    await first.ended();
    deepEqual(first.said, ["interrupted log.unreachable"]);
    const second = following(lossy);
    await second.interrupted;
    lossy.mend();
    equal(await second.follower.waitFor(2), true);
    deepEqual(second.said, ["interrupted log.unreachable", "resumed", ...readBefore]);
    await second.ended();
  });

  test("rules L1, L2: a follower that comes back to a log with another past follows nothing of it", async () => {
    for (const [rewritten, code] of [
      [0, "log.shorter"],
      [2, "log.brokenChain"],
    ] as const) {
      const { log, lossy } = await twoCommits(harness);
      const { said, interrupted, follower, running } = following(lossy);
      equal(await follower.waitFor(2), true);
      lossy.beginOutage();
      await interrupted;
      const truncated = await harness.truncate(log, 1);
      const { tail } = (await items(truncated)).at(-1)!;
      const others = Array.from({ length: rewritten }, () => newCommit({ summary: "another history" }));
      await appendedAll(truncated, others, tail);
      lossy.mend(truncated);
      await rejects(running, { code });
      deepEqual(said, [...readBefore, "interrupted log.unreachable"]);
    }
  });

  test("rule L4: a follower that comes back to a log that was made again follows nothing of it", async () => {
    const { log, lossy } = await twoCommits(harness);
    const { interrupted, follower, running } = following(lossy);
    equal(await follower.waitFor(2), true);
    lossy.beginOutage();
    await interrupted;
    lossy.mend(await harness.recreate(log));
    await rejects(running, { code: "log.recreated" });
  });

  test("rule S4: a skip of what was read is found out also when the log is lost just then", async () => {
    const { log, tail, lossy } = await twoCommits(harness);
    const skip = codec("routeledger.config.v1.EventSkipped").encode({
      revision: { epoch: 1, sequence: 2 },
      reason: "agreed",
    });
    const { interrupted, follower, running } = following(lossy);
    equal(await follower.waitFor(2), true);
    lossy.beginOutageAt(3);
    await appendedAll(log, [newCommit({ kind: "EventSkipped", payload: skip })], tail);
    await interrupted;
    lossy.mend();
    await rejects(running, { code: "log.skippedAfterRead" });
  });

  test("rule W4: of an append to a log that is out of reach nothing is stored, and the caller is told so", async () => {
    const { log, tail, lossy } = await twoCommits(harness);
    lossy.beginOutage();
    await rejects(new CommitWriter(lossy, testTools()).append(newCommit(), tail), {
      code: "log.unreachable",
    });
    equal(lossy.appends, 1);
    equal((await log.info()).lastSequence, 2);
  });

  test("rule W4: an outage behind a lost reply is waited for, and the commit is stored once", async () => {
    for (const stored of [0, 1, "later"] as const) {
      const log = await harness.create();
      const lossy = new LossyEventLog(log);
      lossy.loseReply({ stored });
      const tools = testTools();
      let pauses = 0;
      const clock = {
        ...tools.clock,
        after: (delayMs: number, callback: () => void) => {
          pauses++;
          if (pauses === 1) lossy.beginOutage();
          if (pauses === 4) lossy.mend();
          return tools.clock.after(delayMs, callback);
        },
      };
      const { commit } = await appended(new CommitWriter(lossy, { ...tools, clock }), newCommit());
      equal(commit.revision.sequence, 1, `stored ${stored}`);
      deepEqual(inWords(await items(log)), ["commit 1 ChangeSet"], `stored ${stored}`);
    }
  });

  test("rule W4: an outage behind a lost reply that lasts 10 s leaves the outcome unknown", async () => {
    const lossy = new LossyEventLog(await harness.create());
    lossy.loseReply({ stored: 1 });
    const tools = testTools();
    const startMs = tools.clock.nowMs;
    const clock = {
      ...tools.clock,
      monotonicMs: () => tools.clock.nowMs,
      after: (delayMs: number, callback: () => void) => {
        lossy.beginOutage();
        // Each call of the storage takes its time, too.
        tools.clock.nowMs += delayMs + 1_000;
        return tools.clock.after(delayMs, callback);
      },
    };
    const writer = new CommitWriter(lossy, { ...tools, clock });
    await rejects(writer.append(newCommit(), emptyTail), { code: "log.unknownOutcome", retryable: true });
    const spentMs = tools.clock.nowMs - startMs;
    equal(spentMs >= resolveForMs && spentMs < resolveForMs + 2_000, true, `${spentMs} ms`);
  });
}
