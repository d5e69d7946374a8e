import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder, type EnvoyVersion, envoyBinary, startCommandOptions } from "@routeledger/cli";
import type { JsonObject } from "@routeledger/std";

/** How long a state of Envoy may take that the test waits for, milliseconds. */
const stateTimeoutMs = 10_000;
const lookEveryMs = 5;

/** What must end with this process. */
const living = new Set<ChildProcess>();

function killAll(): void {
  for (const envoy of living) envoy.kill("SIGKILL");
}

/** One real Envoy, its admin page on loopback. Stop it when done. */
export class TestEnvoy {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;
  #admin = "";
  #log = "";

  private constructor(binary: string, bootstrap: JsonObject, folder: string) {
    this.#folder = folder;
    const options = ["--concurrency", "2", "--log-level", "warning", "--admin-address-path", this.#adminFile];
    // The last one counts: a drain that a test can wait for.
    const drain = ["--drain-time-s", "1"];
    const kept = startCommandOptions.filter((option) => !["--drain-time-s", "30"].includes(option));
    const args = ["--config-yaml", JSON.stringify(bootstrap), ...kept, ...drain, ...options];
    this.#process = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#ended = once(this.#process, "exit");
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-8_192);
    });
    if (living.size === 0) process.once("exit", killAll);
    living.add(this.#process);
  }

  /** Resolves when Envoy runs and its admin page answers; it may have no configuration yet. */
  static async start(version: EnvoyVersion, bootstrap: JsonObject): Promise<TestEnvoy> {
    const progress = (line: string): void => void process.stderr.write(`${line}\n`);
    const binary = await envoyBinary({ version, cacheFolder: cacheFolder(process.env), progress });
    const envoy = new TestEnvoy(binary, bootstrap, await mkdtemp(join(tmpdir(), "edge-envoy-")));
    await envoy.until("the admin page", async () => {
      envoy.#admin = await readFile(envoy.#adminFile, "utf8").catch(() => "");
      return envoy.#admin !== "";
    });
    return envoy;
  }

  /** The end of what it wrote: warnings and errors. */
  get log(): string {
    return this.#log;
  }

  /** A counter or gauge; 0 where Envoy has none of that name. */
  async stat(name: string): Promise<number> {
    const filter = encodeURIComponent(`^${name.replaceAll(".", "\\.")}$`);
    const text = await this.ask(`/stats?filter=${filter}`);
    return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
  }

  /** The sum of all counters whose name ends so. */
  async sumOf(suffix: string): Promise<number> {
    const text = await this.ask(`/stats?filter=${encodeURIComponent(`${suffix.replaceAll(".", "\\.")}$`)}`);
    return [...text.matchAll(/: (\d+)/g)].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  async ask(path: string): Promise<string> {
    const response = await fetch(`http://${this.#admin}${path}`);
    return response.text();
  }

  async untilReady(): Promise<void> {
    await this.until("readiness", async () => (await this.ask("/ready")).includes("LIVE"));
  }

  /** Resolves to the milliseconds that it took until the condition held; fails after 10 s, with Envoy's last words. */
  async until(what: string, holds: () => Promise<boolean>): Promise<number> {
    const start = performance.now();
    while (!(await holds())) {
      if (performance.now() - start > stateTimeoutMs) throw new Error(`no ${what} in Envoy: ${this.#log}`);
      if (this.#process.exitCode !== null) throw new Error(`Envoy ended: ${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    return performance.now() - start;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
    living.delete(this.#process);
    if (living.size === 0) process.off("exit", killAll);
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #adminFile(): string {
    return join(this.#folder, "admin");
  }
}
