import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, compareStrings } from "@routeledger/std";
import { freePort } from "./free-port.ts";
import { processIdentity } from "./process-identity.ts";
import { writeFileWhole } from "./write-file-whole.ts";

/** A log above this is moved to `<name>.1` when an Envoy is started, bytes. */
const logBytesMax = 32 * 1024 * 1024;

/** With what an Envoy was, or is to be, started. Two that are equal serve alike. */
export interface EnvoyCommand {
  readonly binary: string;
  readonly args: readonly string[];
  readonly bootstrap: string;
}

/**
 * What `dev` keeps of one Gateway's Envoy, `<data>/envoy/<namespace>_<name>/`: `bootstrap.json`, `command.json`,
 * `admin-port`, `pid`, `envoy.log`, `access.log`. All but the pid are written before an Envoy is started and only
 * changed when none runs, so they say of a running one how it was started, whenever `dev` was killed.
 */
export class EnvoyFolder {
  readonly path: string;

  constructor(dataFolder: string, gateway: string) {
    this.path = join(dataFolder, "envoy", gateway.replace("/", "_"));
  }

  /** The Gateways, namespace/name, that ever had an Envoy here; sorted. */
  static async gateways(dataFolder: string): Promise<string[]> {
    const entries = await readdir(join(dataFolder, "envoy")).catch(() => []);
    return entries.sort(compareStrings).map((name) => name.replace("_", "/"));
  }

  get bootstrapPath(): string {
    return join(this.path, "bootstrap.json");
  }

  /** The port of its admin page: chosen once, kept for ever. Makes the folder. */
  async adminPort(): Promise<number> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const known = Number(await this.#read("admin-port"));
    if (Number.isSafeInteger(known) && known > 0) return known;
    const port = await freePort();
    await writeFileWhole(join(this.path, "admin-port"), String(port));
    return port;
  }

  /** Gives up the admin port: another process has taken it. */
  async forgetAdminPort(): Promise<void> {
    await rm(join(this.path, "admin-port"), { force: true });
  }

  async writeCommand(command: EnvoyCommand): Promise<void> {
    await writeFileWhole(this.bootstrapPath, command.bootstrap);
    await writeFileWhole(join(this.path, "command.json"), commandText(command));
  }

  async wasStartedWith(command: EnvoyCommand): Promise<boolean> {
    return (
      withoutMetadata((await this.#read("bootstrap.json")) ?? "{}") === withoutMetadata(command.bootstrap) &&
      (await this.#read("command.json")) === commandText(command)
    );
  }

  async writePid(pid: number): Promise<void> {
    await writeFileWhole(join(this.path, "pid"), (await processIdentity(pid)) ?? String(pid));
  }

  async forgetPid(): Promise<void> {
    await rm(join(this.path, "pid"), { force: true });
  }

  /** The process id of the Envoy that runs from this folder; found by its command line if `dev` died before the pid file. */
  async runningPid(): Promise<number | undefined> {
    const identity = await this.#read("pid");
    if (identity !== undefined) {
      const pid = Number.parseInt(identity, 10);
      if (pid > 0 && (await processIdentity(pid)) === identity) return pid;
    }
    return findByArgument(this.bootstrapPath);
  }

  /** Opens `envoy.log` and `access.log` for appending; the caller closes them. */
  async openLogs() {
    const [log, access] = ["envoy.log", "access.log"].map((name) => join(this.path, name)) as [
      string,
      string,
    ];
    for (const path of [log, access]) await moveWhenLarge(path);
    return { log: await open(log, "a", 0o600), access: await open(access, "a", 0o600) };
  }

  /** The last lines of Envoy's own log. */
  async logTail(lines: number): Promise<string> {
    const text = (await this.#read("envoy.log")) ?? "";
    return text.trimEnd().split("\n").slice(-lines).join("\n");
  }

  async #read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.path, name), "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }
}

/** What a bootstrap makes an Envoy do: its labels alone are no reason to stop a living one. */
function withoutMetadata(bootstrap: string): string {
  const { node, ...rest } = JSON.parse(bootstrap) as { node?: { metadata?: unknown } };
  return canonicalJson({ ...rest, node: { ...node, metadata: null } });
}

function commandText({ binary, args }: EnvoyCommand): string {
  return JSON.stringify([binary, ...args]);
}

async function moveWhenLarge(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > logBytesMax) await rename(path, `${path}.1`);
}

/** Looks through /proc; finds nothing where there is none. */
async function findByArgument(argument: string): Promise<number | undefined> {
  const entries = await readdir("/proc").catch(() => []);
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    const commandLine = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (commandLine.split("\0").includes(argument) && (await processIdentity(Number(entry))) !== undefined) {
      return Number(entry);
    }
  }
  return undefined;
}
