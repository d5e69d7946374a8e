import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { startCommandOptions } from "@routeledger/cli";
import type { JsonObject } from "@routeledger/std";

/** What one Envoy told last on its standard error, bytes. */
const logBytesMax = 4_096;

/** The Envoy of one Gateway. It ends with this process. */
export class SuiteEnvoy {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #log = "";

  constructor(binary: string, bootstrap: JsonObject) {
    const options = ["--concurrency", "1", "--log-level", "warning"];
    const args = ["--config-yaml", JSON.stringify(bootstrap), ...startCommandOptions, ...options];
    this.#process = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#ended = once(this.#process, "exit");
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString()).slice(-logBytesMax);
    });
    process.once("exit", this.#kill);
  }

  /** The end of what it wrote: warnings and errors. */
  get log(): string {
    return this.#log;
  }

  async stop(): Promise<void> {
    this.#kill();
    await this.#ended;
    process.off("exit", this.#kill);
  }

  /** Nothing is lost with it, and nobody waits for its connections to drain. */
  readonly #kill = (): void => void this.#process.kill("SIGKILL");
}
