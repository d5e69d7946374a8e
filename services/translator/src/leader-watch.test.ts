import { equal } from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@routeledger/std";
import type { LeaderSignal } from "./leader-signals.ts";
import { LeaderWatch } from "./leader-watch.ts";

/** A clock that a test moves, without timers. */
class HandClock implements Clock {
  nowMs = 0;
  wallMs(): number {
    return this.nowMs;
  }
  monotonicMs(): number {
    return this.nowMs;
  }
  after(): () => void {
    return () => {};
  }
}

function watching() {
  const clock = new HandClock();
  let heard: (signal: LeaderSignal) => void = () => {};
  const signals = {
    say: () => {},
    listen(listener: (signal: LeaderSignal) => void) {
      heard = listener;
      return () => {};
    },
  };
  const watch = new LeaderWatch({ signals, clock, takeoverAfterMs: 100 });
  const say = (kind: LeaderSignal["kind"], term: number): void => heard({ kind, term, name: "other" });
  return { clock, watch, say };
}

test("it is time when no leader was heard since it began to listen, or since the last one", () => {
  const { clock, watch, say } = watching();
  clock.nowMs = 99;
  equal(watch.due(1), undefined);
  say("leads", 3);
  clock.nowMs = 198;
  equal(watch.due(1), undefined);
  clock.nowMs = 199;
  equal(watch.due(1), "silent");
  equal(watch.due(2), undefined);
});

test("it is time at once when the leader resigns, and no longer when another one leads", () => {
  const { watch, say } = watching();
  say("leads", 3);
  say("resigns", 3);
  equal(watch.due(16), "resigned");
  say("leads", 4);
  equal(watch.due(1), undefined);
});

test("what the deposed say, and what a leader said before it resigned, changes nothing", () => {
  const { clock, watch, say } = watching();
  say("leads", 5);
  say("resigns", 4);
  equal(watch.due(1), undefined);
  clock.nowMs = 100;
  say("leads", 4);
  equal(watch.due(1), "silent");
  say("resigns", 5);
  say("leads", 5);
  equal(watch.due(1), "resigned");
});

test("terms that are none are not heard", () => {
  const { clock, watch, say } = watching();
  for (const term of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) say("resigns", term);
  equal(watch.due(1), undefined);
  clock.nowMs = 100;
  for (const term of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) say("leads", term);
  equal(watch.due(1), "silent");
});

test("after a restart only what is as new as the given term is heard", () => {
  const { clock, watch, say } = watching();
  say("leads", 1_000);
  clock.nowMs = 500;
  watch.restart(7);
  equal(watch.due(1), undefined);
  say("resigns", 6);
  equal(watch.due(1), undefined);
  say("resigns", 7);
  equal(watch.due(1), "resigned");
});
