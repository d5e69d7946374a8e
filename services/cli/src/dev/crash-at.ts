import type { AppendOutcome, AppendRequest, EventLog } from "@routeledger/event-log";
import { crashPoints } from "@routeledger/translator";

/** Is told each named point as it is passed; a test's hook ends the process at one of them. */
export type CrashHook = (point: string) => void;

const logPoints = ["CONFIG", "XDS", "DELIVERY"].flatMap((log) => [`${log}.appending`, `${log}.appended`]);

/** Every point at which `dev` can be told to end. */
export const devCrashPoints: readonly string[] = [
  ...crashPoints.map((point) => `translator.${point}`),
  ...logPoints,
  "envoy.spawned",
];

/**
 * Reads `ROUTELEDGER_CRASH_AT`: a point, or `<point>:<n>` for the n-th time that it is passed. `end` is called then.
 * Returns undefined for text that is no point.
 */
export function crashHook(text: string, end: () => void): CrashHook | undefined {
  const [wanted, count = "1"] = text.split(":");
  if (wanted === undefined || !devCrashPoints.includes(wanted)) return undefined;
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
