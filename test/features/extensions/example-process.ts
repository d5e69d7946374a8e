import { ok } from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

/** Of the example's files. */
export const exampleFolder = join(import.meta.dirname, "../../../examples/extension");

export interface ExampleProcess {
  readonly process: ChildProcess;
  /** What it listens on, as it says. */
  readonly address: string;
}

/** `examples/extension` as a process of its own, which ends with the test. Resolves when it listens. */
export async function startExample(test: TestContext, address = "127.0.0.1:0"): Promise<ExampleProcess> {
  const child = spawn(process.execPath, ["--no-warnings", join(exampleFolder, "run.ts"), address], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  test.after(() => child.kill("SIGKILL"));
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const said = /^extension: listening on (.+)$/.exec(line);
  ok(said?.[1], `expected where it listens, found ${line}`);
  return { process: child, address: said[1] };
}
