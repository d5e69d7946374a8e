import { spawn } from "node:child_process";
import { join } from "node:path";

export const repositoryRoot = join(import.meta.dirname, "..", "..", "..");
export const cliMain = join(repositoryRoot, "services/cli/src/main.ts");

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** Where the api is; goes into ROUTELEDGER_SERVER. */
  readonly server?: string;
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the command in a process of its own, as a user does, and waits for its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, ["--no-warnings", cliMain, ...args], {
    cwd: options.cwd ?? repositoryRoot,
    env: {
      ...process.env,
      NO_COLOR: "1",
      USER: "tester",
      ...(options.server === undefined ? {} : { ROUTELEDGER_SERVER: options.server }),
      ...options.environment,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on("data", (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.stderr.push(chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const text = (name: "stdout" | "stderr"): string => Buffer.concat(chunks[name]).toString("utf8");
      resolve({ code, stdout: text("stdout"), stderr: text("stderr") });
    });
  });
}
