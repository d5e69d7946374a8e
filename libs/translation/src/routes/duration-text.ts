const pattern = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;
const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** The longest duration that the text can say. Ten times as long is more than Envoy takes. */
export const durationMaxMs = 4 * 99_999 * 3_600_000;

/** Milliseconds of a GEP-2257 duration such as `1h30m`; undefined for other text (G78). */
export function parseDuration(text: string): number | undefined {
  if (!pattern.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count = "", unit = ""] of text.matchAll(/([0-9]+)(h|ms|m|s)/g)) {
    totalMs += Number(count) * (unitMs[unit] ?? 0);
  }
  return totalMs;
}
