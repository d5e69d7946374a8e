import type { JsonValue } from "@routeledger/std";
import { fractionText } from "./duration.ts";
import { Malformed, misfit } from "./malformed.ts";

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z in seconds since 1970, the specification's bounds. */
const secondsMin = -62_135_596_800;
const secondsMax = 253_402_300_799;

/** RFC 3339 in UTC, with no, 3, 6 or 9 digits after the point. @throws Malformed when it is out of range */
export function timestampText(timestamp: { readonly seconds?: number; readonly nanos?: number }): string {
  const { seconds = 0, nanos = 0 } = timestamp;
  if (!(seconds >= secondsMin && seconds <= secondsMax && nanos >= 0 && nanos < 1_000_000_000)) {
    throw new Malformed(`show a Timestamp as JSON: ${seconds} s and ${nanos} ns is not a valid one`);
  }
  return new Date(seconds * 1000).toISOString().replace(".000Z", `${fractionText(nanos)}Z`);
}

const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Reads RFC 3339 with any offset. @throws Malformed */
export function timestampFromText(json: JsonValue, path: string): { seconds: number; nanos: number } {
  const match = typeof json === "string" ? rfc3339.exec(json) : null;
  const seconds = match ? Date.parse(`${match[1]}${match[3]}`) / 1000 : Number.NaN;
  const exists = match !== null && isCalendarDate(match[1] as string);
  if (!(exists && seconds >= secondsMin && seconds <= secondsMax)) {
    throw misfit(path, "an RFC 3339 time from year 1 to 9999", json);
  }
  return { seconds, nanos: Number((match[2] ?? "").padEnd(9, "0")) };
}

/** `Date` takes the 31st of any month for a day of the next one. */
function isCalendarDate(local: string): boolean {
  const time = Date.parse(`${local}Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(local);
}
