import type { Command } from "commander";
import { usageError } from "./command-context.ts";

/** Options of commands that can prepare what they change. */
export interface PrepareOptions {
  readonly prepare?: boolean;
  readonly watchErrors?: string;
  readonly watch?: string;
  readonly deadline?: string;
  readonly trial?: string;
}

/** Adds them to a command. */
export function addPrepareOptions(command: Command): Command {
  return command
    .option("--prepare", "bring the new clusters up beside the old ones, try them, then switch; or go back")
    .option("--watch-errors <share>", "with --prepare: go back when more of the requests fail, such as 1%")
    .option("--watch <time>", "with --watch-errors: how long after the switch (default 10s)")
    .option("--deadline <time>", "with --prepare: how long proxies may take for each step (default 30s)")
    .option(
      "--trial <time>",
      "with --prepare: how long requests try the new clusters first; 0s: not (default 5s)",
    );
}

/** The query of the request; empty without `--prepare`. @throws Failure `cli.usage` */
export function prepareQuery(options: PrepareOptions): Record<string, string | number | boolean> {
  const { prepare, watchErrors, watch, deadline, trial } = options;
  const others = Object.entries({ watchErrors, deadline, trial, watch }).filter(
    ([, value]) => value !== undefined,
  );
  if (prepare !== true) {
    if (others.length === 0) return {};
    throw usageError("--watch-errors, --watch, --deadline and --trial belong to --prepare");
  }
  if (watch !== undefined && watchErrors === undefined) throw usageError("--watch belongs to --watch-errors");
  return {
    prepare: true,
    ...(watchErrors === undefined ? {} : { watchErrors: parseShare(watchErrors) }),
    ...(watch === undefined ? {} : { watchMs: parseTime("--watch", watch) }),
    ...(deadline === undefined ? {} : { deadlineMs: parseTime("--deadline", deadline) }),
    ...(trial === undefined ? {} : { trialMs: parseTime("--trial", trial) }),
  };
}

/** Of a million. */
function parseShare(text: string): number {
  const found = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text);
  const share = Number(found?.[1] ?? Number.NaN);
  if (share <= 100) return Math.round(share * 10_000);
  throw usageError(`--watch-errors: expected a share such as 1% or 0.5%, got "${text}"`);
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

function parseTime(option: string, text: string): number {
  const found = /^(\d{1,7})(ms|s|m)$/.exec(text);
  const ms = Number(found?.[1] ?? Number.NaN) * (unitsMs[found?.[2] ?? ""] ?? Number.NaN);
  if (ms <= 3_600_000) return ms;
  throw usageError(`${option}: expected a time such as 500ms, 30s or 2m, at most 60m, got "${text}"`);
}
