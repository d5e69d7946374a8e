import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cliMain, repositoryRoot } from "./run-cli.ts";

/** How long a line of output or an end may take before the test fails, milliseconds. */
const patienceMs = 30_000;
/** Characters of output that are kept, the last ones. */
const outputMax = 4_000_000;

export interface WatchedProcessOptions {
  /** Arguments of the command `routeledger`, or of the script. */
  readonly args: readonly string[];
  /** Path of what runs instead of the command. */
  readonly script?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A `routeledger` in a process of its own, whose output a test waits for. It ends with the test's process. */
export class WatchedProcess {
  readonly child: ChildProcess;
  readonly #what: string;
  #output = "";
  readonly #listeners = new Set<() => void>();

  constructor({ args, script, environment = {} }: WatchedProcessOptions) {
    this.#what = script ?? `routeledger ${args[0]}`;
    this.child = spawn(process.execPath, ["--no-warnings", script ?? cliMain, ...args], {
      cwd: repositoryRoot,
      env: { ...process.env, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString("utf8")).slice(-outputMax);
        this.#wake();
      });
    }
    const killed = (): void => void this.child.kill("SIGKILL");
    process.once("exit", killed);
    this.child.on("close", () => {
      process.off("exit", killed);
      this.#wake();
    });
  }

  /** Both streams, as they came. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until the output matches. @throws Error with the output when the process ends before, or in 30 s */
  saw(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => finish(new Error(`no ${pattern} in ${patienceMs} ms:\n${this.#output}`)),
        patienceMs,
      );
      const look = (): void => {
        const match = pattern.exec(this.#output);
        if (match !== null) finish(match);
        else if (this.hasEnded) finish(new Error(`${this.#what} ended before ${pattern}:\n${this.#output}`));
      };
      const finish = (result: RegExpExecArray | Error): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Waits until the process has ended by itself. @throws Error after 30 s */
  async ended(): Promise<void> {
    if (!this.hasEnded) await once(this.child, "exit", { signal: AbortSignal.timeout(patienceMs) });
  }

  /** Sends the signal and waits for the end. @throws Error, after a SIGKILL, when it does not end in 30 s */
  async end(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | null> {
    if (this.hasEnded) return this.child.exitCode;
    const closed = once(this.child, "exit");
    const impatient = setTimeout(() => this.child.kill("SIGKILL"), patienceMs);
    this.child.kill(signal);
    await closed;
    clearTimeout(impatient);
    if (signal !== "SIGKILL" && this.child.signalCode === "SIGKILL") {
      throw new Error(`${this.#what} did not end by ${signal} in ${patienceMs} ms:\n${this.#output}`);
    }
    return this.child.exitCode;
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
