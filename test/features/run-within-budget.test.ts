import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { runWithinBudget } from "../../scripts/run-within-budget.ts";

const node = { command: process.execPath, cwd: tmpdir() };

test("a command's exit code is the tier's", async () => {
  const outcome = await runWithinBudget({ ...node, args: ["-e", "process.exit(3)"], budgetMs: 30_000 });
  assert.deepEqual(outcome, { kind: "exited", code: 3 });
});

test("a command that is over its budget is ended with what it started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "budget-"));
  try {
    // The inner process ignores SIGTERM, as a hanging test's server may.
    const inner = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); fs.writeFileSync("pid", String(process.pid))`;
    const outer = `child_process.spawn(process.execPath, ["-e", ${JSON.stringify(inner)}], { stdio: "ignore" }); setInterval(() => {}, 1000)`;
    const running = runWithinBudget({ ...node, cwd: folder, args: ["-e", outer], budgetMs: 2_000 });
    assert.deepEqual(await running, { kind: "over budget" });
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    await ended(pid);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Resolves when there is no such process, or only its zombie. */
async function ended(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (isRunning(pid)) {
    assert.ok(Date.now() < deadline, `process ${pid} still runs`);
    await pause(10);
  }
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
