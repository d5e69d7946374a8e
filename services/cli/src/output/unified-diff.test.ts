import assert from "node:assert/strict";
import { test } from "node:test";
import { unifiedDiff } from "./unified-diff.ts";

const terminal = { out: () => undefined, err: () => undefined, colour: false, interactive: false };
const numbered = (weight: number) => ({ a: 1, b: 2, c: 3, d: 4, weight, e: 5, f: 6, g: 7, h: 8 });

test("a difference is git's: heads, a hunk with its lines' numbers, three lines of context", () => {
  const text = unifiedDiff(terminal, { name: "httproute/shop", old: numbered(1), new: numbered(9) });
  assert.equal(
    text,
    "--- a/httproute/shop\n+++ b/httproute/shop\n@@ -2,7 +2,7 @@\n b: 2\n c: 3\n d: 4\n-weight: 1\n+weight: 9\n e: 5\n f: 6\n g: 7\n",
  );
});

test("equal sides have no difference, and a missing side is /dev/null", () => {
  assert.equal(unifiedDiff(terminal, { name: "x", old: numbered(1), new: numbered(1) }), "");
  const created = unifiedDiff(terminal, { name: "x", old: null, new: { a: 1 } });
  assert.equal(created, "--- /dev/null\n+++ b/x\n@@ -0,0 +1,1 @@\n+a: 1\n");
});

test("colour is for terminals only", () => {
  const painted = unifiedDiff({ ...terminal, colour: true }, { name: "x", old: null, new: { a: 1 } });
  assert.ok(painted.includes("\u001b[32m+a: 1\u001b[0m"));
});
