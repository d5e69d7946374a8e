import { type Clock, Failure } from "@routeledger/std";
import { createLogger, type Logger, type LogLevel } from "./logger.ts";
import { Metrics } from "./metrics.ts";
import { RunningParts } from "./running-parts.ts";

/** What a service takes from the process that runs it: the command's `main.ts` gives it, tests make their own. */
export interface ProcessInput {
  /** Flags, without the name of the command. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `ROUTELEDGER_` names in the environment that are not the service's own. */
  readonly otherNames: readonly string[];
  /** Of the machine or container: what a process is called that was given no name. */
  readonly hostName: string;
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Calls back with what nobody caught, a moment before the process ends of it. Absent: that is not logged as a line. */
  readonly onUncaught?: (say: (error: unknown) => void) => void;
  /** Takes whole log lines; standard error when absent. */
  readonly writeLog?: (line: string) => void;
}

export interface ProcessOptions {
  /** `api`, `translator`, `xds-edge`. */
  readonly service: string;
  /** The effective configuration, without secrets, for the first line. */
  readonly configuration: Readonly<Record<string, string | number | boolean>>;
  readonly logLevel: LogLevel;
  /** How long stopping may take, milliseconds. */
  readonly stopDeadlineMs: number;
}

/** What a service is built with. */
export interface ProcessTools {
  readonly parts: RunningParts;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Aborted when the process is to stop: what waits for the world gives up. */
  readonly signal: AbortSignal;
}

/**
 * The life of a service's process: starts it, waits for the signal or a failure, stops it, the last part first.
 * Returns the exit code: 0 after a signal, also when `stopDeadlineMs` ran out (a line says so), 1 after a failure,
 * which is logged in one line with its hint.
 */
export async function runProcess(
  input: ProcessInput,
  options: ProcessOptions,
  start: (tools: ProcessTools) => Promise<void>,
): Promise<number> {
  const { service, configuration, logLevel, stopDeadlineMs } = options;
  const { clock, signal, writeLog } = input;
  const logger = createLogger({
    name: service,
    level: logLevel,
    ...(writeLog === undefined ? {} : { write: writeLog }),
  });
  logger.info({ configuration }, `${service} starts`);
  input.onUncaught?.((error) => sayFailure(logger, service, error));
  const metrics = new Metrics();
  metrics.addProcessMetrics();
  const parts = new RunningParts();
  const failed = await failureOf(
    start({ parts, logger, metrics, signal }).then(() => parts.failed),
    signal,
  );
  if (failed === undefined) logger.info({}, `${service} stops`);
  else sayFailure(logger, service, failed.error);
  await stopWithin(stopDeadlineMs, { parts, clock, logger, service, failure: failed?.error });
  return failed === undefined ? 0 : 1;
}

interface StopOptions {
  readonly parts: RunningParts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly service: string;
  /** Was said already, and stays the last line. */
  readonly failure: unknown;
}

async function stopWithin(stopDeadlineMs: number, options: StopOptions): Promise<void> {
  const { parts, clock, logger, service, failure } = options;
  const startedMs = clock.monotonicMs();
  const deadline = Promise.withResolvers<"late">();
  const cancel = clock.after(stopDeadlineMs, () => deadline.resolve("late"));
  const stopped = parts.stop().then(
    () => "stopped" as const,
    (error: unknown) => {
      if (error !== failure) logger.error({ err: error }, `${service} could not be stopped in order`);
      return "stopped" as const;
    },
  );
  if ((await Promise.race([stopped, deadline.promise])) === "late") {
    logger.warn({ stopDeadlineMs }, `${service} ends: what was under way is not done`);
  } else if (failure === undefined) {
    logger.info({ tookMs: Math.round(clock.monotonicMs() - startedMs) }, `${service} stopped`);
  }
  cancel();
}

/** Undefined when the signal came first. */
async function failureOf(
  running: Promise<never>,
  signal: AbortSignal,
): Promise<{ readonly error: unknown } | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const stop = (): void => aborted.resolve(undefined);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const failed = running.catch((error: unknown) => (signal.aborted ? undefined : { error }));
  const outcome = await Promise.race([failed, aborted.promise]);
  signal.removeEventListener("abort", stop);
  return outcome;
}

function sayFailure(logger: Logger, service: string, error: unknown): void {
  if (error instanceof Failure) {
    logger.error({ code: error.code, hint: error.hint, err: error }, `${service} ends: ${error.message}`);
    return;
  }
  logger.error({ err: error }, `${service} ends: ${error instanceof Error ? error.message : String(error)}`);
}
