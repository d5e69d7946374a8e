import { deepEqual, equal, ok } from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { tables, tableText } from "./table-text.ts";

/** docs/spec/xds-stream.md against the code's tables, and the tests and files that it names. */

const root = join(import.meta.dirname, "../../..");
const spec = await readFile(join(root, "docs/spec/xds-stream.md"), "utf8");

for (const name of Object.keys(tables) as (keyof typeof tables)[]) {
  test(`the specification's table ${name} is the code's`, () => {
    const [, text = ""] = spec.split(`\`${name}\``);
    const documented = text.match(/(?:^\|.*\n)+/m)?.[0].trimEnd();
    equal(documented, tableText(name));
  });
}

test("a table with another cell is not the code's: the checks above can fail", () => {
  ok(spec.includes(tableText("sotwInterests")));
  ok(!spec.includes(tableText("sotwInterests").replace("legacy", "nothing")));
});

test("every transition that the table names is said in words", () => {
  const named = [...tableText("transitions").matchAll(/`(\w+)`: /g)].map(([, name]) => name!);
  const said = [...spec.matchAll(/^\| `(\w+)` \| [^`|]+ \|$/gm)].map(([, name]) => name!);
  deepEqual(
    [...new Set(named)].filter((name) => !said.includes(name)),
    [],
  );
});

test("every invariant is named by a test, and every test's invariant is in the specification", async () => {
  const invariants = [...spec.matchAll(/^\| \*\*(I\d+)\*\* \|/gm)].map(([, name]) => name!);
  deepEqual(
    invariants,
    invariants.map((_, index) => `I${index + 1}`),
  );
  ok(invariants.length > 20, `expected the invariants of the specification, got ${invariants.length}`);
  const named = new Set<string>();
  for await (const file of glob("libs/xds-stream/src/*.test.ts", { cwd: root })) {
    const text = await readFile(join(root, file), "utf8");
    for (const [, title] of text.matchAll(/\b(?:test|rule|holds)\(\s*["`]([^"`]*)/g))
      for (const [name] of title!.matchAll(/\bI\d+\b/g)) named.add(name);
  }
  deepEqual([...named].sort(), [...invariants].sort());
});

test("what the invariants are enforced by exists", async () => {
  const rows = [...spec.matchAll(/^\| \*\*I\d+\*\* \|.*\|(.*)\|$/gm)].map(([, cell]) => cell!);
  const names = rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
  ok(names.length > 30, `expected names of the code, got ${names.length}`);
  let code = "";
  const files: string[] = [];
  for await (const file of glob(["libs/xds-stream/src/*.ts", "scripts/tidy/*.ts"], { cwd: root })) {
    if (file.endsWith(".test.ts")) continue;
    files.push(file);
    if (file.startsWith("libs")) code += await readFile(join(root, file), "utf8");
  }
  const exists = (name: string) =>
    files.some((file) => file.endsWith(name)) || new RegExp(`\\b${name}\\b`).test(code);
  deepEqual(
    names.filter((name) => !exists(name)),
    [],
  );
});
