import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { type Clock, systemClock } from "@routeledger/std";
import { OfferTurns } from "./offer-turns.ts";

/** Each look at the clock costs 4 ms, so a slice holds three. */
function slowClock(): Clock {
  let nowMs = 0;
  return { ...systemClock, monotonicMs: () => (nowMs += 4) };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("P9: what takes long is done in slices, in order, and others have their turn in between", async () => {
  const offered: number[] = [];
  const turns = new OfferTurns<number>(slowClock(), (one) => offered.push(one));
  for (const one of [1, 2, 3, 4, 5, 6, 7]) turns.add(one);
  turns.run();
  deepEqual(offered, [1, 2, 3]);
  await turn();
  deepEqual(offered, [1, 2, 3, 4, 5, 6]);
  await turn();
  deepEqual(offered, [1, 2, 3, 4, 5, 6, 7]);
});

test("rule 52: who is added again while waiting is offered once, who had its turn once more", async () => {
  const offered: number[] = [];
  const turns = new OfferTurns<number>(slowClock(), (one) => offered.push(one));
  for (const one of [1, 2, 3, 4]) turns.add(one);
  turns.run();
  for (const one of [1, 4]) turns.add(one);
  await turn();
  await turn();
  deepEqual(offered, [1, 2, 3, 4, 1]);
});
