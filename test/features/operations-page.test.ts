import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { edgeTable } from "@routeledger/xds-edge/main";
import { repositoryRoot, runCli } from "./cli/run-cli.ts";

const page = (name: string): Promise<string> => readFile(join(repositoryRoot, "docs", name), "utf8");

test("docs/operations.md names no metric that no process has", async () => {
  const processes = await page("processes.md");
  const metrics = (await page("operations.md")).match(/\brouteledger_[a-z_]+/g) ?? [];
  assert.ok(metrics.length >= 10, `at least 10 metrics, got ${metrics.length}`);
  for (const metric of metrics) assert.ok(processes.includes(`\`${metric}\``), metric);
});

test("docs/operations.md names no flag that neither a process nor a command takes", async () => {
  const commands = [["log", "create"], ["log", "adopt"], ["doctor"], ["get"]];
  const helps = await Promise.all(commands.map((command) => runCli([...command, "--help"])));
  const known = [await page("processes.md"), ...helps.map(({ stdout }) => stdout)].join("\n");
  const ofDocker = ["--rm"];
  const flags = (await page("operations.md")).match(/(?<![\w-])--[a-z][a-z-]+/g) ?? [];
  assert.ok(flags.length >= 10, `at least 10 flags, got ${flags.length}`);
  for (const flag of new Set(flags)) {
    assert.ok(ofDocker.includes(flag) || new RegExp(`${flag}(?![\\w-])`).test(known), flag);
  }
});

test("docs/operations.md says what each bound of an edge does", async () => {
  const text = await page("operations.md");
  const bounds = edgeTable.settings.filter(({ type }) => type === "integer");
  assert.ok(bounds.length >= 10, `at least 10 settings, got ${bounds.length}`);
  for (const { flag } of bounds) assert.ok(text.includes(`\`${flag}\``), flag);
});
