import { pino } from "pino";

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
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return pino(options, write === undefined ? pino.destination({ fd: 2, sync: true }) : { write });
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
