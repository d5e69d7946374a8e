import { equal } from "node:assert/strict";
import { test } from "node:test";
import { toYaml } from "./yaml.ts";

test("a string that YAML 1.1 takes for a boolean or a number is quoted, so kubectl reads back what was written", () => {
  equal(
    toYaml({ value: "yes", other: "on", port: "0o17", text: "plain" }),
    'value: "yes"\nother: "on"\nport: "0o17"\ntext: plain\n',
  );
});

test("names are sorted where asked, and nothing is folded or aliased", () => {
  const shared = { long: "x ".repeat(100).trim() };
  equal(
    toYaml({ b: shared, a: shared }, { sorted: true }),
    `a:\n  long: ${shared.long}\nb:\n  long: ${shared.long}\n`,
  );
});
