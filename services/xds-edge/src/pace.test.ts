import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@routeledger/std";
import { Pace } from "./pace.ts";

function paceAt(perSecond: number) {
  let nowMs = 5_000;
  const clock = { monotonicMs: () => nowMs } as Clock;
  return { pace: new Pace(clock, perSecond), pass: (ms: number) => (nowMs += ms) };
}

test("a burst of one second's worth waits for nothing; what follows waits for the pace", () => {
  const { pace, pass } = paceAt(10);
  for (let count = 1; count <= 10; count++) equal(pace.take(1), 0);
  equal(pace.take(1), 100);
  equal(pace.take(2), 300);
  pass(300);
  equal(pace.take(1), 100);
  pass(100_000);
  for (let count = 1; count <= 10; count++) equal(pace.take(1), 0);
  ok(pace.take(1) > 0);
});

test("what would wait too long is not taken, and delays nobody", () => {
  const { pace, pass } = paceAt(10);
  equal(pace.tryTake(12, 250), 200);
  equal(pace.tryTake(1, 250), undefined);
  equal(pace.tryTake(1, 250), undefined);
  pass(100);
  equal(pace.tryTake(1, 250), 200);
});
