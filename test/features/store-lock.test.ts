import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openStoreLock } from "@routeledger/snapshot-store";
import { Failure } from "@routeledger/std";

const timeout = 30_000;

/** A process that has the folder until it is killed. */
const holder = `
import { openStoreLock } from "@routeledger/snapshot-store";
openStoreLock({ folder: process.argv[1] });
process.stdout.write("locked");
setInterval(() => undefined, 60_000);
`;

test("a store has one writer: another process is refused by name until the first is gone, killed or not", {
  timeout,
}, async () => {
  const parent = await mkdtemp(join(tmpdir(), "routeledger-lock-"));
  const folder = join(parent, "store");
  const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", holder, folder], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(child.stdout, "data");
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.throws(
      () => openStoreLock({ folder }),
      (error: unknown) =>
        error instanceof Failure &&
        error.code === "store.inUse" &&
        error.retryable &&
        error.message.includes(`in use by pid ${child.pid}`),
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    const lock = openStoreLock({ folder });
    assert.throws(() => openStoreLock({ folder }), /in use by pid/);
    lock.release();
    lock.release();
    openStoreLock({ folder }).release();
  } finally {
    child.kill("SIGKILL");
    await rm(parent, { recursive: true, force: true });
  }
});
