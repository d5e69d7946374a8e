import assert from "node:assert/strict";
import { test } from "node:test";
import { readDocuments } from "./read-documents.ts";

const read = (text: string) => readDocuments([{ path: "f.yaml", text }]);

test("objects know their document, their place in a List, and the lines of their fields", async () => {
  const text = `# head
a: 1
---
kind: ConfigList
items:
- metadata:
    name: x
- metadata:
    labels: {"a/b.c": 1}
`;
  const { objects, refusals } = await read(text);
  assert.deepEqual(refusals, []);
  assert.deepEqual(
    objects.map(({ document, prefix }) => [document, prefix]),
    [
      [1, ""],
      [2, "items[0]."],
      [2, "items[1]."],
    ],
  );
  assert.equal(objects[0]?.lineOf("a"), 2);
  assert.equal(objects[1]?.lineOf("metadata.name"), 7);
  assert.equal(objects[2]?.lineOf("metadata.labels[a/b.c]"), 9);
  assert.equal(objects[2]?.lineOf("metadata.nowhere.at.all"), 9, "the nearest parent's line");
});

test("a document that cannot be read is refused with its line; the others go on", async () => {
  const { objects, refusals } = await read("a: 1\n---\nb: [\n---\nc: 3\n---\nd: 1\nd: 2\n");
  assert.deepEqual(
    objects.map(({ document }) => document),
    [1, 3],
  );
  assert.deepEqual(
    refusals.map(({ document, problem }) => [document, problem.line]),
    [
      [2, 4],
      [4, 8],
    ],
  );
  assert.match(refusals[1]?.problem.message ?? "", /unique/i);
});

test("aliases that would grow without bounds are refused", async () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (let index = 1; index < 10; index++) {
    const before = String.fromCharCode(96 + index);
    const name = String.fromCharCode(97 + index);
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(", ")}]`);
  }
  const { objects, refusals } = await read(bomb.join("\n"));
  assert.equal(objects.length, 0);
  assert.match(refusals[0]?.problem.message ?? "", /alias/i);
});

test("what is no object is said to be what it is", async () => {
  const { refusals } = await readDocuments([
    { path: "a", text: "[1]" },
    { path: "b", text: "words" },
    { path: "c", text: "{kind: List, items: [1]}" },
    { path: "d", text: "x\0y" },
  ]);
  assert.deepEqual(
    refusals.map(({ problem }) => problem.message.replace(/^expected an object.*, got /, "")),
    ["a list", "a string", "a number", "is binary: expected YAML or JSON in UTF-8"],
  );
});

test("what is nested too deeply is refused, not followed", async () => {
  const { refusals } = await read(`a: ${"[".repeat(100_000)}`);
  assert.match(refusals[0]?.problem.message ?? "", /nested too deeply/);
});

test("JSON is YAML, large JSON too", async () => {
  const padding = "x".repeat(1024 * 1024);
  const { objects } = await read(JSON.stringify({ kind: "A", padding }));
  assert.equal(objects[0]?.object.kind, "A");
});
