import assert from "node:assert/strict";
import { test } from "node:test";
import { splitDocuments } from "./split-documents.ts";

const texts = (file: string): [number, string][] =>
  splitDocuments(file).map(({ line, text }) => [line, text]);

test("documents are told apart at --- lines, each with its line in the file", () => {
  assert.deepEqual(texts("a: 1\n---\nb: 2\n--- # comment\nc: 3"), [
    [1, "a: 1\n"],
    [2, "---\nb: 2\n"],
    [4, "--- # comment\nc: 3"],
  ]);
});

test("documents without content are left out", () => {
  assert.deepEqual(texts("---\n# only a comment\n---\n%YAML 1.2\n---\na: 1\n---\n\n---\n"), [
    [5, "---\na: 1\n"],
  ]);
  assert.deepEqual(texts(""), []);
});

test("a word that begins with dashes, and dashes within a line, tell nothing apart", () => {
  assert.equal(texts("---a: 1\nb: ---\n ---\n").length, 1);
});

test("windows line ends are line ends", () => {
  assert.deepEqual(
    texts("a: 1\r\n---\r\nb: 2\r\n").map(([line]) => line),
    [1, 2],
  );
});

test("an object on the marker's own line is a document", () => {
  assert.deepEqual(texts('--- {"a": 1}\n'), [[1, '--- {"a": 1}\n']]);
});
