import assert from "node:assert/strict";
import { test } from "node:test";
import { type Finding, sourceFile } from "./tidy/source-tree.ts";
import { tidyFindings } from "./tidy/tidy-checks.ts";

function manifest(name: string, dependencies: readonly string[], exports: readonly string[] = ["."]): string {
  return JSON.stringify({
    name: `@routeledger/${name}`,
    exports: Object.fromEntries(exports.map((entry) => [entry, "./src/x.ts"])),
    dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, "0.1.0"])),
  });
}

/** A small checkout in order. Each test plants one defect in it. */
const sound: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ devDependencies: { "fast-check": "4.10.2" } }),
  "libs/std/package.json": manifest("std", []),
  "libs/std/src/std.ts": `export { assert } from "./assert.ts";\n`,
  "libs/protos/package.json": manifest("protos", ["@routeledger/std"]),
  "libs/protos/src/protos.ts": `import { assert } from "@routeledger/std";\n`,
  "libs/xds-model/package.json": manifest("xds-model", ["@routeledger/std"]),
  "libs/xds-model/src/snapshot.ts": `import type { Clock } from "@routeledger/std";\nimport { a } from "./part.ts";\n`,
  "libs/xds-model/src/snapshot.test.ts": `import { test } from "node:test";\nimport fc from "fast-check";\n`,
  "libs/event-log/package.json": manifest("event-log", ["@routeledger/std"], [".", "./testing"]),
  "libs/event-log-sqlite/package.json": manifest("event-log-sqlite", ["@routeledger/event-log"]),
  "libs/snapshot-store/package.json": manifest("snapshot-store", ["@routeledger/event-log"]),
  "services/api/package.json": manifest("api", [
    "@routeledger/snapshot-store",
    "@routeledger/std",
    "fastify",
  ]),
  "services/api/src/main.ts": `import { openSnapshotStore } from "@routeledger/snapshot-store";\n`,
  "services/api/src/routes.ts": `import type { SnapshotStore } from "@routeledger/snapshot-store";\n`,
  "services/xds-edge/package.json": manifest("xds-edge", []),
  "services/cli/package.json": manifest("cli", ["@routeledger/api", "@routeledger/event-log-sqlite"]),
  "services/cli/src/main.ts": `import { startApi } from "@routeledger/api";\n`,
  "services/cli/src/dev/main.ts": `import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";\n`,
  "test/package.json": manifest("test", ["@routeledger/cli"]),
};

function findings(planted: Readonly<Record<string, string>>): readonly Finding[] {
  const tree = { ...sound, ...planted };
  return tidyFindings(Object.entries(tree).map(([path, text]) => sourceFile(path, text)));
}

/** Asserts that what is planted is found, at that line, and nothing else with it. */
function caught(path: string, text: string, line: number, message: RegExp): void {
  const found = findings({ [path]: text });
  assert.deepEqual(
    found.map((finding) => `${finding.path}:${finding.line}`),
    [`${path}:${line}`],
    JSON.stringify(found),
  );
  assert.match(found[0]?.message ?? "", message);
}

test("a checkout in order has no findings", () => {
  assert.deepEqual(findings({}), []);
});

test("tiers: an import goes to a lower tier only", () => {
  const declared = manifest("std", ["@routeledger/xds-model"]);
  const upwards = (text: string): string[] =>
    findings({ "libs/std/package.json": declared, "libs/std/src/up.ts": text })
      .filter(({ path }) => path.endsWith("up.ts"))
      .map(({ line, message }) => `${line} ${message}`);
  const expected = (line: number): string[] => [`${line} std (tier 0) must not import xds-model (tier 1)`];
  assert.deepEqual(upwards(`import { a } from "@routeledger/xds-model";\n`), expected(1));
  assert.deepEqual(upwards(`\nimport type { A } from "@routeledger/xds-model";\n`), expected(2));
  assert.deepEqual(upwards(`import {\n  a,\n  type B,\n} from '@routeledger/xds-model';\n`), expected(4));
  assert.deepEqual(upwards(`export * from "@routeledger/xds-model";\n`), expected(1));
  assert.deepEqual(upwards(`const a = await import("@routeledger/xds-model");\n`), expected(1));
  assert.deepEqual(upwards(`import "@routeledger/xds-model";\n`), expected(1));
  assert.deepEqual(upwards(`let a: import("@routeledger/xds-model").A;\n`), expected(1));
  assert.deepEqual(upwards(`// import { a } from "@routeledger/xds-model";\n`), []);
  assert.deepEqual(upwards(`const text = 'import { a } from "@routeledger/xds-model"';\n`), []);
});

test("tiers: a service imports no other service, and only cli imports services", () => {
  const found = findings({
    "services/xds-edge/package.json": manifest("xds-edge", ["@routeledger/api"]),
    "services/xds-edge/src/edge.ts": `import { a } from "@routeledger/api";\n`,
  });
  assert.deepEqual(
    found.map(({ path, message }) => `${path}: ${message}`),
    [
      "services/xds-edge/package.json: declares @routeledger/api, which is not below it",
      "services/xds-edge/src/edge.ts: xds-edge (tier 4) must not import api (tier 4)",
    ],
  );
});

test("tiers: a package without a tier is found", () => {
  caught("libs/extras/package.json", manifest("extras", []), 1, /has no tier/);
});

test("dependencies: what is imported is declared in the package's own package.json", () => {
  caught(
    "libs/xds-model/src/a.ts",
    `import { a } from "@routeledger/protos";\n`,
    1,
    /"@routeledger\/protos" is not declared/,
  );
  caught("libs/std/src/a.ts", `\nimport fastify from "fastify/types.js";\n`, 2, /"fastify" is not declared/);
  caught("libs/std/src/a.ts", `import fc from "fast-check";\n`, 1, /"fast-check" is not declared/);
  caught("libs/std/src/a.ts", `import fs from "fs";\n`, 1, /is written "node:fs"/);
});

test("dependencies: only entries of another package are imported, and nothing past them", () => {
  caught(
    "libs/xds-model/src/a.ts",
    `import { a } from "../../std/src/assert.ts";\n`,
    1,
    /leaves the package/,
  );
  caught(
    "libs/xds-model/src/a.ts",
    `import { a } from "@routeledger/std/src/assert.ts";\n`,
    1,
    /no entry of std/,
  );
  caught(
    "libs/snapshot-store/src/a.ts",
    `import { memoryLog } from "@routeledger/event-log/testing";\n`,
    1,
    /for tests only/,
  );
  assert.deepEqual(
    findings({
      "libs/snapshot-store/src/a.test.ts": `import { m } from "@routeledger/event-log/testing";\n`,
    }),
    [],
  );
});

test("adapters are named in a service's main.ts only", () => {
  const opens = `import { type SnapshotStore, openSnapshotStore } from "@routeledger/snapshot-store";\n`;
  caught("services/api/src/routes.ts", opens, 1, /openSnapshotStore of snapshot-store/);
  const sqlite = `import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";\n`;
  caught("services/cli/src/commands/dev.ts", sqlite, 1, /openSqliteEventLogs of event-log-sqlite/);
  caught(
    "services/cli/src/commands/dev.ts",
    `const { a } = await import("@routeledger/event-log-sqlite");\n`,
    1,
    /event-log-sqlite of event-log-sqlite/,
  );
});

test("lengths: a file has at most 500 lines, a test 600, a generated one any number", () => {
  const lines = (count: number): string => "// line\n".repeat(count);
  caught("libs/std/src/a.ts", lines(501), 501, /501 lines, at most 500/);
  caught("libs/std/src/a.test.ts", lines(601), 601, /601 lines, at most 600/);
  const allowed = { "libs/std/src/b.ts": lines(500), "libs/std/src/b.test.ts": lines(600) };
  assert.deepEqual(findings({ ...allowed, "libs/std/src/generated/c.ts": lines(9000) }), []);
});

test("lengths: a function has at most 70 lines, its header and its last brace included", () => {
  const body = (count: number): string => "  call();\n".repeat(count);
  assert.deepEqual(findings({ "libs/std/src/a.ts": `function f() {\n${body(68)}}\n` }), []);
  const cases: readonly (readonly [string, number])[] = [
    [`function f() {\n${body(69)}}\n`, 1],
    [`\nexport async function f<A, B>(\n  { a, b }: A,\n): Promise<{ a: string }> {\n${body(67)}}\n`, 2],
    [`class A {\n  #x = { a: 1 };\n  async *f(a: string): void {\n${body(69)}  }\n}\n`, 3],
    [`const f = (a: { b: string }): string => {\n${body(69)}};\n`, 1],
    [`run(async () => {\n${body(69)}});\n`, 1],
    [`const a = {\n  x: 1,\n  f() {\n${body(69)}  },\n};\n`, 3],
    [`const s = \`\${\`}\`}\`;\nconst r = /[/}]{/;\nfunction f() {\n${body(69)}}\n`, 3],
  ];
  for (const [text, line] of cases)
    caught("libs/std/src/a.ts", text, line, /the function has 7\d lines, at most 70/);
});

test("lengths: what is no function may be long, and a test's function too", () => {
  const body = "  call: 1,\n".repeat(100);
  assert.deepEqual(findings({ "libs/std/src/a.ts": `const a = {\n${body}};\n` }), []);
  assert.deepEqual(
    findings({ "libs/std/src/a.ts": `export interface A {\n${"  a: string;\n".repeat(100)}}\n` }),
    [],
  );
  assert.deepEqual(findings({ "libs/std/src/a.ts": `class A {\n${"  f() {\n  }\n".repeat(100)}}\n` }), []);
  assert.deepEqual(findings({ "test/features/a.ts": `function f() {\n${"  call();\n".repeat(100)}}\n` }), []);
});

test("purity: a pure package uses no clock, randomness, environment, timer or node: import", () => {
  const impure = [
    "const a = Date.now();",
    "const a = new Date();",
    "const a = new Date;",
    "const a = Math.random();",
    "const a = process.env.A;",
    "const a = performance.now();",
    "setTimeout(a, 1);",
    "globalThis.setInterval(a, 1);",
    "setImmediate(a);",
    "const a = crypto.randomUUID();",
    `import { readFileSync } from "node:fs";`,
    `import { createPrivateKey, randomBytes } from "node:crypto";`,
    `import crypto from "node:crypto";`,
    `export type { Stats } from "node:fs";`,
    `const a = \`\${Date.now()}\`;`,
  ];
  for (const line of impure)
    caught("libs/xds-model/src/a.ts", `\n${line}\n`, 2, /a pure package (uses|imports)/);
});

test("purity: words in comments and texts, parsed times, tests and other packages are free", () => {
  const texts = `// Date.now()\nconst a = "Math.random()";\nconst b = new Date(a);\nconst c = /setTimeout/;\n`;
  assert.deepEqual(findings({ "libs/xds-model/src/a.ts": texts }), []);
  const hashes = `import { X509Certificate, type KeyObject } from "node:crypto";\n`;
  assert.deepEqual(findings({ "libs/xds-model/src/a.ts": hashes }), []);
  assert.deepEqual(findings({ "libs/xds-model/src/a.test.ts": "const a = Date.now();\n" }), []);
  assert.deepEqual(findings({ "libs/std/src/a.ts": "const a = Date.now();\n" }), []);
});

test("names: a file's name is kebab-case and says what is in it", () => {
  caught("libs/std/src/parseTime.ts", "", 1, /not kebab-case/);
  caught("libs/std/src/utils.ts", "", 1, /"utils"/);
  caught("libs/std/src/index.ts", "", 1, /"index"/);
  caught("libs/std/src/time-helpers.ts", "", 1, /"helpers"/);
  caught("services/api/src/session-manager.test.ts", "", 1, /"manager"/);
});

test("tests: none is skipped, postponed, or the only one that runs", () => {
  for (const word of ["skip", "only", "todo"]) {
    caught("libs/std/src/a.test.ts", `\ntest.${word}("x", () => {});\n`, 2, /a test that does not run/);
    caught(
      "test/features/a.test.ts",
      `test("x", { ${word}: true }, () => {});\n`,
      1,
      /a test that does not run/,
    );
    caught("test/features/a.test.ts", `test("x", (t) => t.${word}("why"));\n`, 1, /a test that does not run/);
  }
});

test("traces: no file names the machine or the registry that it was made with", () => {
  const path = ["", "work", "main"].join("/");
  caught("docs/a.md", `one\nsee ${path}\n`, 2, /a path of one machine/);
  const host = ["https:", "", "registry.example.org", "npm"].join("/");
  caught("docs/a.md", `see ${host}\n`, 1, /a registry's host/);
  caught(
    "package-lock.json",
    `{ "resolved": ${JSON.stringify(`${"http"}s://example.org/a.tgz`)} }\n`,
    1,
    /lock file/,
  );
  caught("libs/std/src/a.ts", `// ${["TO", "DO"].join("")}: later\n`, 1, /left in the source/);
  caught("libs/std/src/a.ts", `// ${["@ts", "ignore"].join("-")}\n`, 1, /hides what the compiler says/);
});
