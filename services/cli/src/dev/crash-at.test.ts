import assert from "node:assert/strict";
import { test } from "node:test";
import { crashHook } from "./crash-at.ts";

test("a crash point ends the process the n-th time that it is passed, and no other point does", () => {
  let ends = 0;
  const hook = crashHook("XDS.appended:2", () => {
    ends++;
  });
  hook?.("XDS.appended");
  hook?.("XDS.appending");
  assert.equal(ends, 0);
  hook?.("XDS.appended");
  assert.equal(ends, 1);
});

test("a name that is no crash point is refused", () => {
  assert.equal(
    crashHook("somewhere", () => undefined),
    undefined,
  );
});
