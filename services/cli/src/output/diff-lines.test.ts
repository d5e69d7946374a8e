import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { diffLines } from "./diff-lines.ts";

test("the lines that are kept or added are the new text, those kept or removed the old one", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const without = (mark: string): string[] =>
        lines.filter((line) => line.mark !== mark).map((line) => line.text);
      assert.deepEqual(without("+"), before);
      assert.deepEqual(without("-"), after);
    }),
  );
});

test("one changed line is one removed and one added", () => {
  assert.deepEqual(
    diffLines(["a", "b", "c"], ["a", "x", "c"]).map(({ mark, text }) => mark + text),
    [" a", "-b", "+x", " c"],
  );
});
