import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { Mailbox } from "./mailbox.ts";

test("takes all that was put, in order", async () => {
  const mailbox = new Mailbox<number>(3);
  await mailbox.put(1);
  await mailbox.put(2);
  deepEqual(await mailbox.takeAll(), [1, 2]);
});

test("a taker waits for the first item", async () => {
  const mailbox = new Mailbox<number>(1);
  const taken = mailbox.takeAll();
  await mailbox.put(7);
  deepEqual(await taken, [7]);
});

test("a putter waits while the mailbox is full", async () => {
  const mailbox = new Mailbox<number>(1);
  await mailbox.put(1);
  let placed = false;
  const second = mailbox.put(2).then(() => {
    placed = true;
  });
  await Promise.resolve();
  equal(placed, false);
  deepEqual(await mailbox.takeAll(), [1]);
  await second;
  deepEqual(await mailbox.takeAll(), [2]);
});

test("after close the rest is taken, then nothing, and nothing more is let in", async () => {
  const mailbox = new Mailbox<number>(2);
  await mailbox.put(1);
  mailbox.close();
  equal(await mailbox.put(2), false);
  deepEqual(await mailbox.takeAll(), [1]);
  deepEqual(await mailbox.takeAll(), []);
});

test("a failure is thrown after the last item", async () => {
  const mailbox = new Mailbox<number>(2);
  await mailbox.put(1);
  mailbox.fail(new Error("the log is gone"));
  deepEqual(await mailbox.takeAll(), [1]);
  await rejects(mailbox.takeAll(), /the log is gone/);
});

test("takeNow takes what is there without waiting, and makes room", async () => {
  const mailbox = new Mailbox<number>(1);
  deepEqual(mailbox.takeNow(), []);
  await mailbox.put(1);
  const second = mailbox.put(2);
  deepEqual(mailbox.takeNow(), [1]);
  await second;
  deepEqual(mailbox.takeNow(), [2]);
});
