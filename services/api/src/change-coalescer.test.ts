import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@routeledger/std";
import { ChangeCoalescer, mayWait, type WaitingChange } from "./change-coalescer.ts";

interface Named extends WaitingChange {
  readonly id: string;
}

/** Time and carrying out, both as the test says. */
function coalescer({ async: isAsync = false } = {}) {
  let nowMs = 1_000;
  let timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  const events: string[] = [];
  const underWay: (() => void)[] = [];
  const queue = new ChangeCoalescer<Named>({
    clock,
    windowMs: 100,
    carryOut: (changes) => {
      const [first] = changes;
      events.push(`${nowMs - 1_000} ${first?.author.actor} ${changes.map(({ id }) => id).join("")}`);
      return isAsync ? new Promise((resolve) => underWay.push(resolve)) : Promise.resolve();
    },
  });
  return {
    queue,
    events,
    add(id: string, { actor = "ann", name = id } = {}): void {
      const author = { actor, source: "http", traceContext: "" };
      const group = "discovery.k8s.io";
      queue.add({ id, author, touches: [{ group, kind: "EndpointSlice", namespace: "shop", name }] });
    },
    /** Lets what is settled be heard of, before and after. */
    async pass(ms: number): Promise<void> {
      await new Promise((resolve) => setImmediate(resolve));
      const untilMs = nowMs + ms;
      for (;;) {
        const [due] = timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (due === undefined) break;
        timers = timers.filter((timer) => timer !== due);
        nowMs = due.atMs;
        due.callback();
        await new Promise((resolve) => setImmediate(resolve));
      }
      nowMs = untilMs;
    },
    async done(): Promise<void> {
      underWay.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("the first on a quiet system is carried out at once, those within 100 ms after it together", async () => {
  const { add, pass, events } = coalescer();
  add("a");
  assert.deepEqual(events, ["0 ann a"]);
  await pass(30);
  add("b");
  await pass(60);
  add("c");
  assert.deepEqual(events, ["0 ann a"]);
  await pass(10);
  assert.deepEqual(events, ["0 ann a", "100 ann bc"]);
  await pass(100);
  add("d");
  assert.deepEqual(events.at(-1), "200 ann d", "it is quiet again");
});

test("1,000 changes in a second are 11 events, and each waits 100 ms at most", async () => {
  const { add, pass, events } = coalescer();
  for (let index = 0; index < 1_000; index++) {
    add(String(index % 10));
    await pass(1);
  }
  await pass(100);
  assert.equal(events.length, 11);
  const times = events.map((event) => Number(event.split(" ")[0]));
  assert.deepEqual(times, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
  assert.equal(events.map((event) => event.split(" ")[2]).join("").length, 1_000);
});

test("while an event is being appended, what waits goes on waiting", async () => {
  const { add, pass, done, events } = coalescer({ async: true });
  add("a");
  await pass(10);
  add("b");
  await pass(300);
  add("c");
  assert.deepEqual(events, ["0 ann a"]);
  await done();
  assert.deepEqual(events, ["0 ann a", "310 ann bc"]);
});

test("what waits is carried out before what must not overtake it", async () => {
  const { queue, add, pass, events } = coalescer();
  add("a");
  add("b");
  queue.flush();
  assert.deepEqual(events, ["0 ann a", "0 ann b"]);
  await pass(50);
  add("c");
  assert.equal(events.length, 2, "the window began anew");
  await pass(50);
  assert.deepEqual(events.at(-1), "100 ann c");
});

test("each author has an event of its own, and nobody's change of one object overtakes another's", async () => {
  const { add, pass, events } = coalescer();
  add("z");
  add("a", { actor: "ann", name: "one" });
  add("b", { actor: "bob", name: "two" });
  add("c", { actor: "ann", name: "three" });
  await pass(100);
  assert.deepEqual(events.slice(1), ["100 ann ac", "100 bob b"]);
  add("d", { actor: "ann", name: "one" });
  add("e", { actor: "bob", name: "one" });
  add("f", { actor: "ann", name: "one" });
  add("g", { actor: "bob", name: "four" });
  await pass(100);
  assert.deepEqual(events.slice(3), ["200 ann d", "200 bob eg", "200 ann f"]);
});

test("only changes that touch nothing but endpoints wait", () => {
  const slice = { group: "discovery.k8s.io", kind: "EndpointSlice", namespace: "shop", name: "a" };
  const service = { group: "", kind: "Service", namespace: "shop", name: "a" };
  assert.equal(mayWait([slice]), true);
  assert.equal(mayWait([slice, service]), false);
  assert.equal(mayWait([]), false);
});
