import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTable } from "./table.ts";

test("a table has columns as wide as their widest cell, three blanks between and none at a line's end", () => {
  const rows = [
    ["shop", '["shop.example.com"]', "5s"],
    ["a-long-name", "", "3m20s"],
  ];
  assert.equal(
    formatTable(["NAME", "HOSTNAMES", "AGE"], rows),
    'NAME          HOSTNAMES              AGE\nshop          ["shop.example.com"]   5s\na-long-name   <none>                 3m20s\n',
  );
});

test("a cell of several lines becomes one", () => {
  assert.equal(formatTable(["MESSAGE"], [["one\n  two"]]), "MESSAGE\none two\n");
});
