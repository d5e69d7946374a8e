import { execFile } from "node:child_process";

export interface CommandResult {
  readonly code: number;
  /** Standard output, then standard error. */
  readonly output: string;
  readonly stdout: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Runs a program to its end. Its exit code is an outcome; 127 when there is no such program, 124 after the time-out. */
export function runCommand(
  command: readonly string[],
  { cwd, environment, timeoutMs }: CommandOptions,
): Promise<CommandResult> {
  const [program = "", ...args] = command;
  const env = { ...process.env, ...environment };
  const options = { cwd, env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: codeOf(error), output: `${stdout}${stderr}`, stdout });
    });
  });
}

function codeOf(error: (Error & { code?: unknown; killed?: boolean }) | null): number {
  if (error === null) return 0;
  if (error.killed === true) return 124;
  return typeof error.code === "number" ? error.code : 127;
}
