import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openSnapshotStore, projectLogs } from "@routeledger/snapshot-store";
import fc from "fast-check";
import { type MemoryLogs, memoryLogs, type Step, steps, writeHistory } from "./store/random-history.ts";

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

test(`P2: a store whose process is killed -9 while it writes goes on to the same content (SEED=${seed})`, async () => {
  const histories = fc.sample(fc.array(steps, { minLength: 3, maxLength: 3 }), { seed, numRuns: 4 });
  for (const [run, parts] of histories.entries()) {
    const history = parts.flat().map(overJson);
    const logs = memoryLogs();
    await writeHistory(history, logs, 1);
    const folder = await mkdtemp(join(tmpdir(), "routeledger-crash-"));
    const lines = await killedAfter(1 + ((seed + run * 7) % history.length), folder, history);
    const { cursors, digest } = await finish(folder, logs);
    assert.ok(cursors >= lines, `what was said to be written is there: ${lines} items, found ${cursors}`);
    const fresh = await mkdtemp(join(tmpdir(), "routeledger-crash-"));
    assert.deepEqual(digest, (await finish(fresh, logs)).digest);
    await Promise.all([folder, fresh].map((path) => rm(path, { recursive: true })));
  }
});

/** As the other process gets it. */
function overJson(step: Step): Step {
  return JSON.parse(JSON.stringify(step)) as Step;
}

/** Kills the process when it said so many items; returns how many it said. */
async function killedAfter(items: number, folder: string, history: readonly Step[]): Promise<number> {
  const program = join(import.meta.dirname, "store/projecting-process.ts");
  const child = spawn(process.execPath, ["--no-warnings", program, folder, JSON.stringify(history)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<number | null>((resolve) => child.on("exit", resolve));
  let said = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (/^(CONFIG|XDS) \d+$/.test(line)) said++;
    if (said === items) child.kill("SIGKILL");
  }
  assert.ok(said >= items, `the process ended by itself after ${said} items: ${await exited}`);
  return said;
}

/** Projects the rest; returns how many items of both logs were there before. */
async function finish(folder: string, logs: MemoryLogs) {
  const store = openSnapshotStore({ folder });
  const cursors = (store.cursor("CONFIG")?.tail.sequence ?? 0) + (store.cursor("XDS")?.tail.sequence ?? 0);
  const stopping = new AbortController();
  const projection = projectLogs(store, logs, { signal: stopping.signal });
  const { lastSequence } = await logs.config.info();
  const reached = Promise.all([
    store.config.waitFor(lastSequence, stopping.signal),
    store.published.waitFor(lastSequence, stopping.signal),
  ]);
  await Promise.race([projection, reached]);
  const digest = await store.query("contentDigest", {});
  stopping.abort();
  await projection;
  await store.close();
  return { cursors, digest };
}
