import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { ExtensionAnswer, ExtensionPoint } from "@routeledger/config-model";
import { silentLogger } from "@routeledger/service-kit";
import { forgetEveryMs, UnaskedAnswers } from "./unasked-answers.ts";

const point = (name: string): ExtensionPoint => ({
  nodeGroup: "default/web",
  extension: "e",
  hook: "Route",
  name,
});

test("what nobody asks at two looks in a row is forgotten; what is asked again is not", async () => {
  let unasked = [point("gone"), point("back")];
  const forgotten: string[] = [];
  const timers: (() => void)[] = [];
  const clock = {
    wallMs: () => 0,
    monotonicMs: () => 0,
    after(delayMs: number, callback: () => void) {
      deepEqual(delayMs, forgetEveryMs);
      timers.push(callback);
      return () => timers.splice(timers.indexOf(callback), 1);
    },
  };
  const append = async (decide: () => readonly ExtensionAnswer[]) => {
    for (const { name, outcome } of decide()) forgotten.push(`${name} ${outcome}`);
  };
  const answers = new UnaskedAnswers({ clock, logger: silentLogger, unasked: () => unasked, append });
  deepEqual(timers.length, 0);
  answers.watch();
  answers.watch();
  timers.shift()?.();
  await turn();
  deepEqual(forgotten, []);
  unasked = [point("gone"), point("new")];
  timers.shift()?.();
  await turn();
  deepEqual(forgotten, ["gone undefined"]);
  unasked = [];
  timers.shift()?.();
  deepEqual(timers.length, 0, "nothing is left to look at");
  answers.watch();
  answers.close();
  deepEqual(timers.length, 0);
});
