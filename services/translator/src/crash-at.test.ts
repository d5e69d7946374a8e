import assert from "node:assert/strict";
import { test } from "node:test";
import { crashHook, translatorCrashPoints } from "./crash-at.ts";

const nothing = (): void => undefined;

test("a crash point ends the process the n-th time that it is passed, and no other point does", () => {
  let ends = 0;
  const hook = crashHook("XDS.appended:2", translatorCrashPoints, () => {
    ends++;
  });
  hook?.("XDS.appended");
  hook?.("XDS.appending");
  assert.equal(ends, 0);
  hook?.("XDS.appended");
  assert.equal(ends, 1);
});

test("a name that is no crash point is refused, and no name is no hook", () => {
  assert.throws(() => crashHook("somewhere", translatorCrashPoints, nothing), { code: "config.invalid" });
  assert.equal(crashHook("", translatorCrashPoints, nothing), undefined);
  assert.equal(crashHook(undefined, translatorCrashPoints, nothing), undefined);
});
