import assert from "node:assert/strict";
import { test } from "node:test";
import { Watermark } from "./watermark.ts";

test("those who wait go on when the mark is reached, never before, and it never goes back", async () => {
  const mark = new Watermark(3);
  const { signal } = new AbortController();
  assert.equal(await mark.waitFor(3, signal), true);
  const reached: number[] = [];
  const waiting = [5, 4].map((target) => mark.waitFor(target, signal).then(() => reached.push(target)));
  mark.advance(4);
  await waiting[1];
  assert.deepEqual(reached, [4]);
  mark.advance(2);
  assert.equal(mark.value, 4);
  mark.advance(9);
  await Promise.all(waiting);
  assert.deepEqual(reached, [4, 5]);
});

test("those who give up are told so", async () => {
  const mark = new Watermark(0);
  const giving = new AbortController();
  const waiting = mark.waitFor(1, giving.signal);
  giving.abort();
  assert.equal(await waiting, false);
  assert.equal(await mark.waitFor(1, giving.signal), false);
});

test("a mark that was set back is waited for again", async () => {
  const mark = new Watermark(7);
  mark.reset(3);
  const { signal } = new AbortController();
  const waiting = mark.waitFor(5, signal);
  mark.advance(5);
  assert.equal(await waiting, true);
  assert.equal(mark.value, 5);
});
