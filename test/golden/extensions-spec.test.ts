import { deepEqual, equal, ok } from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

test("every rule of docs/spec/extensions.md is named by a test, and no test names another", async () => {
  const spec = await readFile(join(root, "docs/spec/extensions.md"), "utf8");
  const rules = [...spec.matchAll(/^- \*\*(E\d+)\*\*/gm)].map(([, rule = ""]) => rule);
  ok(rules.length > 10, `expected the rules of the specification, got ${rules.length}`);
  equal(new Set(rules).size, rules.length);
  const named = new Set<string>();
  const places = ["libs/translation/src/extensions/*.test.ts", "test/features/extensions*.test.ts"];
  for await (const file of glob(places, { cwd: root })) {
    const text = await readFile(join(root, file), "utf8");
    for (const [, title = ""] of text.matchAll(/test\(\s*["`]rule ([^:]+):/g))
      for (const [rule] of title.matchAll(/E\d+/g)) named.add(rule);
  }
  deepEqual([...named].sort(), [...rules].sort());
});
