import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cliMain, repositoryRoot } from "./run-cli.ts";

/** How long a line of output or an end may take before the test fails, milliseconds. */
const patienceMs = 30_000;

export interface DevProcessOptions {
  readonly dataFolder: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A `routeledger dev` in a process of its own, on ports that the system chose and the data folder keeps. */
export class DevProcess {
  readonly child: ChildProcess;
  #output = "";
  #listeners = new Set<() => void>();

  constructor({ dataFolder, args = [], environment = {} }: DevProcessOptions) {
    const ports = ["--api-address", "127.0.0.1:0", "--edge-address", "127.0.0.1:0"];
    this.child = spawn(
      process.execPath,
      ["--no-warnings", cliMain, "dev", "--data", dataFolder, ...ports, ...args],
      {
        cwd: repositoryRoot,
        env: { ...process.env, NO_COLOR: "1", ...environment },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString("utf8");
        this.#wake();
      });
    }
    this.child.on("close", () => this.#wake());
  }

  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** `http://127.0.0.1:1234`, as soon as the api answers. */
  async apiUrl(): Promise<string> {
    return (await this.saw(/^routeledger dev: api (http:\/\/\S+),/m))[1] as string;
  }

  /** Waits until the output matches. @throws Error with the output when dev ends before, or in 30 s */
  saw(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => finish(new Error(`no ${pattern} in ${patienceMs} ms:\n${this.#output}`)),
        patienceMs,
      );
      const look = (): void => {
        const match = pattern.exec(this.#output);
        if (match !== null) finish(match);
        else if (this.hasEnded) finish(new Error(`dev ended before ${pattern}:\n${this.#output}`));
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
      throw new Error(`dev did not end by ${signal} in ${patienceMs} ms:\n${this.#output}`);
    }
    return this.child.exitCode;
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
