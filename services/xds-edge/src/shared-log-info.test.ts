import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { type LogInfo, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { SharedLogInfo } from "./shared-log-info.ts";

/** A log that answers when the test says so. */
class SlowLog extends MemoryEventLog {
  readonly questions: PromiseWithResolvers<LogInfo>[] = [];
  override info(): Promise<LogInfo> {
    const question = Promise.withResolvers<LogInfo>();
    this.questions.push(question);
    return question.promise;
  }
}

const answer = (lastSequence: number): LogInfo => ({ identity: "i", firstSequence: 1, lastSequence });

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("P6: who asks while a question is under way gets an answer that was asked for after theirs", async () => {
  const log = new SlowLog("XDS", new MemoryStorage("i"));
  const info = new SharedLogInfo(log);
  const first = info.ask();
  const others = Array.from({ length: 1_000 }, () => info.ask());
  equal(log.questions.length, 1);
  log.questions[0]?.resolve(answer(1));
  deepEqual(await first, answer(1));
  await turn();
  equal(log.questions.length, 2);
  const late = info.ask();
  log.questions[1]?.resolve(answer(2));
  for (const { lastSequence } of await Promise.all(others)) equal(lastSequence, 2);
  await turn();
  log.questions[2]?.resolve(answer(3));
  deepEqual(await late, answer(3));
  equal(log.questions.length, 3);
});

test("a question that failed fails for those who asked it, and the next is asked all the same", async () => {
  const log = new SlowLog("XDS", new MemoryStorage("i"));
  const info = new SharedLogInfo(log);
  const first = info.ask();
  const second = info.ask();
  log.questions[0]?.reject(new Error("away"));
  await rejects(first, /away/);
  await turn();
  log.questions[1]?.resolve(answer(7));
  deepEqual(await second, answer(7));
});
