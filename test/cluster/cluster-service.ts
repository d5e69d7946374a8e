import { WatchedProcess } from "../features/cli/watched-process.ts";

/** How long a process may take to be ready, milliseconds: two cores run all of a cluster and its servers. */
const readyWithinMs = 30_000;
const pollEveryMs = 25;

export interface ClusterServiceOptions {
  /** `api-1`, `translator-2`, `edge-1`. */
  readonly name: string;
  /** Of the command `routeledger`, the subcommand first. */
  readonly args: readonly string[];
  /** HOST:PORT of `/readyz`. */
  readonly operations: string;
}

/** What `/readyz` answers. */
export interface ReadyAnswer {
  readonly ready: boolean;
  readonly role?: string;
  readonly term?: number;
}

/** One process of a cluster, with addresses that stay the same over its restarts. */
export class ClusterService {
  readonly name: string;
  readonly #options: ClusterServiceOptions;
  #process: WatchedProcess | undefined;
  /** Output of the processes before this one. */
  #earlier = "";

  constructor(options: ClusterServiceOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get process(): WatchedProcess {
    if (this.#process === undefined) throw new Error(`${this.name} that was started`);
    return this.#process;
  }

  /** HOST:PORT of `/readyz` and `/metrics`. */
  get operations(): string {
    return this.#options.operations;
  }

  get running(): boolean {
    return this.#process !== undefined && !this.#process.hasEnded;
  }

  /** What all of its processes wrote: JSON lines. */
  get output(): string {
    return this.#earlier + (this.#process?.output ?? "");
  }

  /** Starts the process and does not wait for it. */
  spawn(environment: Readonly<Record<string, string>> = {}): void {
    if (this.running) throw new Error(`${this.name} runs already`);
    this.#earlier = this.output;
    this.#process = new WatchedProcess({ args: this.#options.args, environment });
  }

  /** Resolves when it says that it is ready. @throws Error with its last words when it ends, or after 30 s */
  async ready(): Promise<void> {
    const deadline = performance.now() + readyWithinMs;
    while ((await this.readiness())?.ready !== true) {
      if (!this.running) throw new Error(`${this.name} ended:\n${this.output.slice(-4_000)}`);
      if (performance.now() > deadline) {
        throw new Error(`${this.name} is not ready in ${readyWithinMs} ms:\n${this.output.slice(-4_000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
    }
  }

  /** What `/readyz` says; undefined where nothing answers. */
  async readiness(): Promise<ReadyAnswer | undefined> {
    try {
      const answer = await fetch(`http://${this.#options.operations}/readyz`, {
        headers: { connection: "close" },
        signal: AbortSignal.timeout(2_000),
      });
      const body = (await answer.json()) as Partial<ReadyAnswer>;
      return { ...body, ready: answer.status === 200 };
    } catch {
      return undefined;
    }
  }

  async start(): Promise<void> {
    this.spawn();
    await this.ready();
  }

  /** As when its machine is lost. */
  async kill(): Promise<void> {
    await this.process.end("SIGKILL");
  }

  /** As an operator stops it. Returns its exit code. */
  async stop(): Promise<number | null> {
    return await this.process.end("SIGTERM");
  }
}
