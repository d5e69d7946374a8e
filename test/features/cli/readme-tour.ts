import { spawn } from "node:child_process";

/** A command of README.md and what it says that comes out. */
export interface TourStep {
  readonly command: string;
  readonly output: string;
}

/** The `$ ` lines of README.md's console blocks, each with the lines below it. */
export function tourSteps(readme: string): TourStep[] {
  const blocks = [...readme.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? "");
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const end = step.indexOf("\n");
        return { command: step.slice(0, end), output: step.slice(end + 1).trimEnd() };
      }),
  );
}

/** What differs from run to run, and nothing else: times, ages, digests, and the blanks that pad them. */
export function normalized(text: string): string {
  return text
    .replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/g, "TIME")
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "UID")
    .replace(/\b[0-9a-f]{16}\b/g, "DIGEST")
    .replace(/\b(\d+d)?(\d+h)?(\d+m)?\d+s\b/g, "AGE")
    .replace(/ {2,}/g, "  ")
    .replace(/[ \t]+$/gm, "")
    .trimEnd();
}

export interface ShellOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs a line as a user's shell does; standard output and error come as one text. */
export function runShell(line: string, { cwd, environment }: ShellOptions): Promise<string> {
  const child = spawn("bash", ["-c", `exec 2>&1; ${line}`], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
}
