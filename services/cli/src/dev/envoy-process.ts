import { type ChildProcess, spawn } from "node:child_process";
import { type Clock, canonicalJson, type JsonObject, pause } from "@routeledger/std";
import { startCommandOptions } from "../envoy-options.ts";
import { endProcess } from "./end-process.ts";
import { adminNodeId, askAdmin } from "./envoy-admin.ts";
import { type EnvoyCommand, EnvoyFolder } from "./envoy-folder.ts";
import { processIdentity } from "./process-identity.ts";

/** How long an Envoy may take to open its admin page, and to get its first configuration, milliseconds. */
const startTimeoutMs = 10_000;
const readyTimeoutMs = 20_000;
const lookEveryMs = 20;
const liveEveryMs = 500;

export interface EnvoyProcessOptions {
  readonly dataFolder: string;
  /** namespace/name. */
  readonly gateway: string;
  readonly nodeId: string;
  readonly binary: string;
  /** The bootstrap with that admin port. */
  readonly bootstrap: (adminPort: number) => JsonObject;
  readonly clock: Clock;
  /** Called when the process is there and its id not yet written down: tests end `dev` here. */
  readonly onSpawned: () => void;
}

export type EnvoyStart = "adopted" | "started" | "replaced";

/** One Gateway's Envoy: a process of its own that outlives `dev` when `dev` is killed. */
export class EnvoyProcess {
  readonly #options: EnvoyProcessOptions;
  readonly folder: EnvoyFolder;
  #pid: number | undefined;
  #child: ChildProcess | undefined;

  constructor(options: EnvoyProcessOptions) {
    this.#options = options;
    this.folder = new EnvoyFolder(options.dataFolder, options.gateway);
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  /**
   * Adopts the living Envoy of an earlier `dev` when it was started with the same bootstrap and command, else
   * replaces it. Resolves when its admin page answers.
   * @throws Error with the end of its log when it does not come up
   */
  async start(): Promise<EnvoyStart> {
    const { binary, bootstrap, nodeId } = this.#options;
    let adminPort = await this.folder.adminPort();
    const running = await this.folder.runningPid();
    let command = this.#command(binary, bootstrap(adminPort));
    if (running !== undefined) {
      if ((await this.folder.wasStartedWith(command)) && (await this.#answers(adminPort, nodeId, running))) {
        this.#pid = running;
        await this.folder.writePid(running);
        return "adopted";
      }
      await this.#end(running);
    }
    if ((await askAdmin(adminPort, "/server_info")) !== undefined) {
      await this.folder.forgetAdminPort();
      adminPort = await this.folder.adminPort();
      command = this.#command(binary, bootstrap(adminPort));
    }
    await this.#spawn(command);
    const pid = this.#pid ?? 0;
    if (!(await this.#answers(adminPort, nodeId, pid))) {
      const tail = await this.folder.logTail(5);
      await this.#end(pid);
      throw new Error(`Envoy of ${this.#options.gateway} did not come up:\n${tail}`);
    }
    return running === undefined ? "started" : "replaced";
  }

  /** Waits until Envoy has its first configuration; false when it took over 20 s or Envoy ended. */
  async ready(): Promise<boolean> {
    const adminPort = await this.folder.adminPort();
    return this.#until(readyTimeoutMs, async () => (await askAdmin(adminPort, "/ready")) !== undefined);
  }

  /** Resolves when the process has ended, by whomever. */
  async ended(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.isAlive())) await pause(this.#options.clock, liveEveryMs, signal);
  }

  /** SIGTERM, then after 5 s SIGKILL. Idempotent. */
  async stop(): Promise<void> {
    if (this.#pid !== undefined) await this.#end(this.#pid);
  }

  #command(binary: string, bootstrap: JsonObject): EnvoyCommand {
    const args = [
      "-c",
      this.folder.bootstrapPath,
      ...startCommandOptions,
      "--concurrency",
      "2",
      "--log-level",
      "warning",
    ];
    return { binary, args, bootstrap: canonicalJson(bootstrap) };
  }

  async #spawn(command: EnvoyCommand): Promise<void> {
    await this.folder.writeCommand(command);
    const { log, access } = await this.folder.openLogs();
    try {
      const child = spawn(command.binary, command.args, {
        detached: true,
        stdio: ["ignore", access.fd, log.fd],
      });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", reject);
      });
      child.unref();
      this.#child = child;
      this.#pid = child.pid;
      this.#options.onSpawned();
      if (child.pid !== undefined) await this.folder.writePid(child.pid);
    } finally {
      await log.close();
      await access.close();
    }
  }

  #answers(adminPort: number, nodeId: string, pid: number): Promise<boolean> {
    this.#pid = pid;
    return this.#until(startTimeoutMs, async () => (await adminNodeId(adminPort)) === nodeId);
  }

  async #end(pid: number): Promise<void> {
    await endProcess(pid, this.#options.clock);
    this.#pid = undefined;
    this.#child = undefined;
    await this.folder.forgetPid();
  }

  /** Whether the process that was started or adopted still runs. */
  async isAlive(): Promise<boolean> {
    if (this.#pid === undefined) return false;
    if (this.#child !== undefined && (this.#child.exitCode !== null || this.#child.signalCode !== null))
      return false;
    return (await processIdentity(this.#pid)) !== undefined;
  }

  /** Looks until `holds`; false when the time is over or the process has ended. */
  async #until(timeoutMs: number, holds: () => Promise<boolean>): Promise<boolean> {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      if (await holds()) return true;
      if (clock.monotonicMs() >= deadlineMs || !(await this.isAlive())) return false;
      await pause(clock, lookEveryMs);
    }
  }
}
