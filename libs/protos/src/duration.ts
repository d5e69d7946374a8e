import { assert, type JsonValue } from "@routeledger/std";
import { Malformed, misfit } from "./malformed.ts";

/** `google.protobuf.Duration`; both parts have the same sign. */
export interface Duration {
  readonly seconds: number;
  readonly nanos: number;
}

/** 10,000 years, the specification's bound. */
const secondsMax = 315_576_000_000;

/** The message for a number of milliseconds; below a millisecond it rounds to nanoseconds. */
export function durationOfMs(durationMs: number): Duration {
  assert(
    Number.isFinite(durationMs) && Math.abs(durationMs) <= secondsMax * 1000,
    `expected milliseconds within 10,000 years, found ${durationMs}`,
  );
  const seconds = Math.trunc(durationMs / 1000);
  const nanos = Math.round((durationMs - seconds * 1000) * 1_000_000);
  if (Math.abs(nanos) < 1_000_000_000) return { seconds: seconds + 0, nanos: nanos + 0 };
  return { seconds: seconds + Math.sign(nanos), nanos: 0 };
}

/** Milliseconds, with a fraction; below a microsecond it may be rounded. */
export function durationToMs(duration: DurationInput): number {
  return (duration.seconds ?? 0) * 1000 + (duration.nanos ?? 0) / 1_000_000;
}

/** A duration as a builder or a decoder gives it. */
export interface DurationInput {
  readonly seconds?: number | undefined;
  readonly nanos?: number | undefined;
}

/** `1.5s`: with no, 3, 6 or 9 digits after the point. @throws Malformed when it is out of range */
export function durationText(duration: DurationInput): string {
  const { seconds = 0, nanos = 0 } = duration;
  const inRange = Math.abs(seconds) <= secondsMax && Math.abs(nanos) < 1_000_000_000;
  if (!inRange || seconds * nanos < 0) {
    throw new Malformed(`show a Duration as JSON: ${seconds} s and ${nanos} ns is not a valid one`);
  }
  const sign = seconds < 0 || nanos < 0 ? "-" : "";
  return `${sign}${Math.abs(seconds)}${fractionText(Math.abs(nanos))}s`;
}

/** Reads `1.5s`, up to 9 digits after the point. @throws Malformed */
export function durationFromText(json: JsonValue, path: string): { seconds: number; nanos: number } {
  const match = typeof json === "string" ? /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(json) : null;
  const seconds = Number(match?.[2]);
  if (match === null || seconds > secondsMax) throw misfit(path, 'a duration such as "1.5s"', json);
  const nanos = Number((match[3] ?? "").padEnd(9, "0"));
  return match[1] === "-" ? { seconds: 0 - seconds, nanos: 0 - nanos } : { seconds, nanos };
}

/** Nanoseconds below a second as digits after a point: none, 3, 6 or 9 of them. */
export function fractionText(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  return `.${digits.replace(/(000){1,2}$/, "")}`;
}
