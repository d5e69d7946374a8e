import { spawn } from "node:child_process";

export interface BudgetedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** After this long the command and all that it started are ended. */
  readonly budgetMs: number;
}

export type BudgetOutcome =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "over budget" };

/** Between SIGTERM and SIGKILL, for a process that cleans up. */
const killGraceMs = 5_000;

/**
 * Runs a command with this process's input and output. It has a process group of its own, which gets the signals
 * that this process gets and ends whole when the budget is over.
 * @throws Error when the command cannot be started
 */
export async function runWithinBudget(options: BudgetedCommand): Promise<BudgetOutcome> {
  const child = spawn(options.command, options.args, { cwd: options.cwd, stdio: "inherit", detached: true });
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group has ended already.
    }
  };
  const forwarded = ["SIGINT", "SIGTERM"] as const;
  for (const signal of forwarded) process.on(signal, signalGroup);
  let overBudget = false;
  const budget = setTimeout(() => {
    overBudget = true;
    signalGroup("SIGTERM");
    setTimeout(() => signalGroup("SIGKILL"), killGraceMs).unref();
  }, options.budgetMs);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (exitCode) => resolve(exitCode ?? 1));
    });
    if (overBudget) signalGroup("SIGKILL");
    return overBudget ? { kind: "over budget" } : { kind: "exited", code };
  } finally {
    clearTimeout(budget);
    for (const signal of forwarded) process.off(signal, signalGroup);
  }
}
