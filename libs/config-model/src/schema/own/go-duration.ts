const pattern = /^([0-9]{1,5}(\.[0-9]{1,6})?(h|m|s|ms))+$/;
const lengthMax = 64;
const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/**
 * Milliseconds of a duration as Envoy Gateway reads it in its configuration: Go's form, such as `2s`, `0.1s` or
 * `1m30s`, without sign and without units below a millisecond. Undefined for other text.
 */
export function goDurationMs(text: string): number | undefined {
  if (text.length > lengthMax || !pattern.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count = "", unit = ""] of text.matchAll(/([0-9.]+)(h|ms|m|s)/g)) {
    totalMs += Number(count) * (unitMs[unit] ?? 0);
  }
  return totalMs;
}
