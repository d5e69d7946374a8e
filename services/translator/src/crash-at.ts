import type { AppendOutcome, AppendRequest, EventLog, LogName } from "@routeledger/event-log";
import { Failure } from "@routeledger/std";
import { crashPoints, rareCrashPoints } from "./crash-point.ts";

/** Is told each named point as it is passed; a test's hook ends the process at one of them. */
export type CrashHook = (point: string) => void;

/** Before and after each append to a log that is watched. */
export function logCrashPoints(logs: readonly LogName[]): string[] {
  return logs.flatMap((log) => [`${log}.appending`, `${log}.appended`]);
}

/** The points of a process that is only a translator. */
export const translatorCrashPoints: readonly string[] = [
  ...[...crashPoints, ...rareCrashPoints].map((point) => `translator.${point}`),
  ...logCrashPoints(["CONFIG", "XDS"]),
];

/**
 * Reads `ROUTELEDGER_CRASH_AT`: a point, or `<point>:<n>` for the n-th time that it is passed. `end` is called then.
 * Undefined where the text is empty or absent. @throws Failure `config.invalid` for text that is no point
 */
export function crashHook(
  text: string | undefined,
  points: readonly string[],
  end: () => void,
): CrashHook | undefined {
  if (text === undefined || text === "") return undefined;
  const [wanted = "", count = "1"] = text.split(":");
  if (!points.includes(wanted)) {
    throw new Failure(`ROUTELEDGER_CRASH_AT: expected one of ${points.join(", ")}, got "${text}"`, {
      code: "config.invalid",
      retryable: false,
    });
  }
  let left = Number(count);
  return (point) => {
    if (point === wanted && --left === 0) end();
  };
}

/** The same log, that tells the hook before and after each append. */
export function watchedLog(log: EventLog, hook: CrashHook): EventLog {
  return {
    name: log.name,
    info: () => log.info(),
    read: (options) => log.read(options),
    at: (sequence) => log.at(sequence),
    lastOf: (subject) => log.lastOf(subject),
    purge: (before) => log.purge(before),
    close: () => log.close(),
    async append(request: AppendRequest): Promise<AppendOutcome> {
      hook(`${log.name}.appending`);
      const outcome = await log.append(request);
      hook(`${log.name}.appended`);
      return outcome;
    },
  };
}
