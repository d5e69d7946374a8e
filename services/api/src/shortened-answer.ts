import { utf8 } from "@routeledger/std";
import type { ChangeAnswer, ObjectResult } from "./change-results.ts";

/** What became of a change whose whole answer is too large for its message. */
export interface ShortenedAnswer extends ChangeAnswer {
  /** How many results there are, by outcome; `results` has the first of those with errors. */
  readonly shortened: Readonly<Record<string, number>>;
}

/** Results with errors that a shortened answer has at most. */
const resultsMax = 100;

/**
 * The answer as it is when its JSON has at most so many bytes, else without the results that say nothing of interest:
 * what was appended must be known whatever its size.
 */
export function shortenedAnswer(answer: ChangeAnswer, bytesMax: number): ChangeAnswer | ShortenedAnswer {
  if (fits(answer, bytesMax)) return answer;
  const { revision, time } = answer;
  const shortened = countsOf(answer.results);
  const telling = answer.results.filter(({ errors = [] }) => errors.length > 0).slice(0, resultsMax);
  const short = { revision, time, results: telling, shortened };
  return fits(short, bytesMax) ? short : { ...short, results: [] };
}

function fits(value: object, bytesMax: number): boolean {
  return utf8(JSON.stringify(value)).length <= bytesMax;
}

function countsOf(results: readonly ObjectResult[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
