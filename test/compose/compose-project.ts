import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../features/cli/named-backend.ts";
import { repositoryRoot } from "../features/cli/run-cli.ts";
import { runCommand } from "./run-command.ts";

/** What `docker inspect` says of a container, as far as it is asked here. */
export interface Container {
  readonly id: string;
  readonly running: boolean;
  /** `none` where there is no health check. */
  readonly health: string;
  readonly exitCode: number;
  /** How often the engine has started it again. */
  readonly restarts: number;
  readonly user: string;
  readonly readOnlyRoot: boolean;
  readonly droppedCapabilities: readonly string[];
}

const commandTimeoutMs = 120_000;
const buildTimeoutMs = 600_000;
const lookEveryMs = 200;
/** Of a log's line, characters in an error. */
const reportedLineMax = 400;

/** The repository's docker-compose.yml as a project of its own, with a name and ports that nobody else has. */
export class ComposeProject {
  readonly apiPort: number;
  readonly gatewayPort: number;
  readonly #compose: readonly string[];
  readonly #name = `rl-test-${randomBytes(3).toString("hex")}`;

  private constructor(compose: readonly string[], apiPort: number, gatewayPort: number) {
    this.#compose = compose;
    this.apiPort = apiPort;
    this.gatewayPort = gatewayPort;
  }

  /**
   * Takes the compose command that COMPOSE names, else `docker compose`, else `docker-compose`.
   * @throws Error that says what is missing: an engine that answers, or compose
   */
  static async open(): Promise<ComposeProject> {
    const engine = await run(["docker", "version", "--format", "{{.Server.Version}}"]);
    if (engine.code !== 0) {
      throw new Error(
        `test-compose needs a Docker Engine that answers: ${engine.output.trim() || "there is no docker command"}`,
      );
    }
    return new ComposeProject(await composeCommand(), await freePort(), await freePort());
  }

  /** The compose command with its version. */
  async version(): Promise<string> {
    const { output } = await run([...this.#compose, "version"]);
    return output.split("\n")[0] ?? "";
  }

  async build(): Promise<void> {
    await this.compose(["build", "--quiet"], buildTimeoutMs);
  }

  /** Runs a subcommand of compose. @throws Error with what it printed when it fails */
  async compose(args: readonly string[], timeoutMs = commandTimeoutMs): Promise<string> {
    const command = [...this.#compose, "-p", this.#name, ...args];
    const { code, output, stdout } = await run(command, this.#environment(), timeoutMs);
    if (code === 0) return stdout;
    throw new Error(`${command.join(" ")}: exit code ${code}\n${output}`);
  }

  /** The service's containers, also those that have ended, in a stable order. */
  async containers(service: string): Promise<Container[]> {
    const ids = (await this.compose(["ps", "-a", "-q", service])).split("\n").filter((line) => line !== "");
    const containers = await Promise.all(ids.map((id) => this.inspect(id)));
    return containers.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async inspect(id: string): Promise<Container> {
    const [found] = JSON.parse(await docker(["inspect", id])) as [InspectedContainer];
    return {
      id,
      running: found.State.Running,
      health: found.State.Health?.Status ?? "none",
      exitCode: found.State.ExitCode,
      restarts: found.RestartCount,
      user: found.Config.User,
      readOnlyRoot: found.HostConfig.ReadonlyRootfs,
      droppedCapabilities: found.HostConfig.CapDrop ?? [],
    };
  }

  /** Waits until the service has so many containers, all of them running and healthy. @throws Error after the time */
  async untilHealthy(service: string, count: number, timeoutMs = 60_000): Promise<void> {
    await this.until(
      `${service}: ${count} healthy`,
      async () => {
        const running = (await this.containers(service)).filter((container) => container.running);
        return running.length === count && running.every(({ health }) => health === "healthy");
      },
      timeoutMs,
    );
  }

  /** @throws Error that says what was waited for, with the containers' last lines, after the time */
  async until(what: string, holds: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await holds())) {
      if (performance.now() > deadline) {
        throw new Error(`waited ${timeoutMs / 1000} s for ${what}\n${await this.report()}`);
      }
      await pause(lookEveryMs);
    }
  }

  /** `kill -9` of the process inside, as a crash is: the engine starts it again. Returns when it has. */
  async crash(id: string): Promise<void> {
    const { restarts } = await this.inspect(id);
    await docker(["exec", id, "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)"]);
    await this.until(`the engine to start ${id} again`, async () => {
      const container = await this.inspect(id);
      return container.running && container.restarts > restarts;
    });
  }

  /** What GET answers inside of the container, 2xx or not. */
  async ask(id: string, url: string): Promise<string> {
    const script = `fetch(${JSON.stringify(url)}).then((r) => r.text()).then((t) => process.stdout.write(t))`;
    return await docker(["exec", id, "node", "-e", script]);
  }

  /** The state of all containers, and what ours last said. */
  async report(): Promise<string> {
    const state = await this.compose(["ps", "-a"]).catch(String);
    const logs = ["logs", "--no-color", "--tail", "6", "streams", "objects", "api", "translator", "xds-edge"];
    const lines = (await this.compose(logs).catch(String)).split("\n");
    return `${state}\n${lines.map((line) => line.slice(0, reportedLineMax)).join("\n")}`;
  }

  /** Removes all of it, volumes too. Idempotent. */
  async down(): Promise<void> {
    await this.compose(["down", "--volumes", "--remove-orphans"]);
  }

  #environment(): Record<string, string> {
    return { API_PORT: String(this.apiPort), GATEWAY_PORT: String(this.gatewayPort) };
  }
}

interface InspectedContainer {
  readonly RestartCount: number;
  readonly State: {
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly Config: { readonly User: string };
  readonly HostConfig: { readonly ReadonlyRootfs: boolean; readonly CapDrop: readonly string[] | null };
}

/** Runs the docker command. @throws Error with what it printed when it fails */
export async function docker(args: readonly string[]): Promise<string> {
  const { code, output, stdout } = await run(["docker", ...args]);
  if (code === 0) return stdout;
  throw new Error(`docker ${args.join(" ")}: exit code ${code}\n${output}`);
}

async function composeCommand(): Promise<readonly string[]> {
  const named = (process.env.COMPOSE ?? "").split(" ").filter((word) => word !== "");
  const choices = named.length > 0 ? [named] : [["docker", "compose"], ["docker-compose"]];
  for (const choice of choices) {
    if ((await run([...choice, "version"])).code === 0) return choice;
  }
  throw new Error(
    `test-compose needs compose: neither answers: ${choices.map((c) => c.join(" ")).join(", ")}`,
  );
}

function run(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  timeoutMs = commandTimeoutMs,
) {
  return runCommand(command, { cwd: repositoryRoot, environment, timeoutMs });
}
