import { deepEqual, equal, throws } from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { NewestQuestions } from "./newest-questions.ts";

/** Questions whose answers come when a test says so; `asked` and `settled` as `key:question`. */
class Server {
  readonly asked: string[] = [];
  readonly settled: string[] = [];
  readonly onTheirWay = new Map<string, () => void>();
  readonly questions: NewestQuestions<number, string>;

  constructor(inFlightMax = 100) {
    this.questions = new NewestQuestions({
      inFlightMax,
      ask: (question, key) => {
        equal(this.onTheirWay.has(key), false, `${key} has one question on its way at a time`);
        this.asked.push(`${key}:${question}`);
        return new Promise((resolve) => this.onTheirWay.set(key, () => resolve(`answer ${question}`)));
      },
      settled: (outcome, question, key) => {
        equal(outcome, `answer ${question}`);
        this.settled.push(`${key}:${question}`);
      },
    });
  }

  async answer(key: string): Promise<void> {
    const resolve = this.onTheirWay.get(key);
    this.onTheirWay.delete(key);
    resolve?.();
    await turn();
  }
}

test("one question a key is on its way, and the newest of those that came meanwhile is next", async () => {
  const server = new Server();
  for (const question of [1, 2, 3]) server.questions.submit("a", question);
  deepEqual(server.asked, ["a:1"]);
  equal(server.questions.waiting, 1);
  await server.answer("a");
  deepEqual([server.asked, server.settled], [["a:1", "a:3"], ["a:1"]]);
  await server.answer("a");
  deepEqual(server.settled, ["a:1", "a:3"]);
  equal(server.questions.inFlight + server.questions.waiting, 0);
});

test("a key does not wait for another one", async () => {
  const server = new Server();
  server.questions.submit("stuck", 1);
  server.questions.submit("a", 2);
  await server.answer("a");
  server.questions.submit("a", 3);
  await server.answer("a");
  deepEqual(server.settled, ["a:2", "a:3"]);
});

test("at most inFlightMax are on their way; a key that had its answer goes behind those that wait", async () => {
  const server = new Server(2);
  for (const key of ["a", "b", "c", "d"]) server.questions.submit(key, 1);
  server.questions.submit("a", 2);
  server.questions.submit("c", 2);
  deepEqual(server.asked, ["a:1", "b:1"]);
  for (const key of ["a", "b", "c", "d", "a"]) await server.answer(key);
  deepEqual(server.asked, ["a:1", "b:1", "c:2", "d:1", "a:2"]);
  deepEqual(server.settled, server.asked);
});

test("an answered key whose newer question came early goes behind keys that came later", async () => {
  const server = new Server(1);
  server.questions.submit("a", 1);
  server.questions.submit("a", 2);
  server.questions.submit("b", 1);
  await server.answer("a");
  deepEqual(server.asked, ["a:1", "b:1"]);
});

test("what was forgotten is not reported; a later question of its key waits for it and is", async () => {
  const server = new Server();
  server.questions.submit("a", 1);
  server.questions.submit("a", 2);
  server.questions.forget("a");
  server.questions.submit("a", 3);
  equal(server.questions.inFlight, 1);
  await server.answer("a");
  await server.answer("a");
  deepEqual([server.asked, server.settled], [["a:1", "a:3"], ["a:3"]]);
});

test("after close nothing is asked and nothing reported", async () => {
  const server = new Server();
  server.questions.submit("a", 1);
  server.questions.submit("a", 2);
  server.questions.close();
  server.questions.submit("b", 3);
  await server.answer("a");
  deepEqual([server.asked, server.settled], [["a:1"], []]);
  equal(server.questions.inFlight + server.questions.waiting, 0);
});

test("a bound of no questions is a programmer's error", () => {
  throws(() => new Server(0), /at least one question at a time, got 0/);
});

test("any order of questions and answers: each key's last question is the last that is asked and reported", async () => {
  const step = fc.record({ key: fc.constantFrom("a", "b", "c", "d"), answers: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, max) => {
        const server = new Server(max);
        const last = new Map<string, string>();
        for (const [index, { key, answers }] of steps.entries()) {
          if (answers) await server.answer(key);
          else {
            server.questions.submit(key, index);
            last.set(key, `${key}:${index}`);
          }
          equal(server.questions.inFlight <= max, true);
        }
        while (server.onTheirWay.size > 0)
          for (const key of [...server.onTheirWay.keys()]) await server.answer(key);
        deepEqual(server.settled.toSorted(), server.asked.toSorted());
        for (const [key, question] of last)
          equal(
            server.settled.findLast((each) => each.startsWith(`${key}:`)),
            question,
          );
        equal(server.questions.inFlight + server.questions.waiting, 0);
      },
    ),
    { numRuns: 100 },
  );
});
