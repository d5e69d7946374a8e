import { Failure } from "@routeledger/std";
import { pino, stdSerializers } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Structured log lines: fields first, then one lower-case sentence. Fields never hold secrets. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger whose lines also have these fields. */
  child(fields: Record<string, unknown>): Logger;
}

export interface LoggerOptions {
  /** Which service speaks: `api`, `xds-edge`. */
  readonly name: string;
  readonly level?: LogLevel;
  /** Takes whole JSON lines, each with its line end; standard error when absent. */
  readonly write?: (line: string) => void;
}

/** What is taken out should a caller log it by mistake. */
const secretPaths = [
  "authorization",
  "headers.authorization",
  "headers.cookie",
  "token",
  "password",
  "key",
  "*.token",
  "*.password",
  "*.privateKey",
];

/** JSON lines with time, level, name, fields and message. */
export function createLogger({ name, level = "info", write }: LoggerOptions): Logger {
  const options = {
    name,
    level,
    redact: { paths: secretPaths, censor: "[secret]" },
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serialized },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return pino(options, write === undefined ? pino.destination({ fd: 2, sync: true }) : { write });
}

/** Causes below this one are left out. */
const causesMax = 4;

/** A Failure says what it is by its fields; where an unexpected error came from, its stack says. */
function serialized(error: unknown, depth = 0): unknown {
  if (!(error instanceof Failure)) return error instanceof Error ? stdSerializers.err(error) : error;
  const { code, message, hint, fields, cause } = error;
  return {
    ...{ code, message, hint, ...fields },
    ...(cause !== undefined && depth < causesMax && { cause: causeOf(cause, depth + 1) }),
  };
}

function causeOf(cause: unknown, depth: number): unknown {
  if (cause instanceof Failure) return serialized(cause, depth);
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}

const nothing = (): void => undefined;

/** Says nothing: for tests and for libraries that were given no logger. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
