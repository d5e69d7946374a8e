/** Rounds that a busy machine may need until one is quiet enough to measure. */
const roundsMax = 3;

export interface Measured {
  readonly medianMs: number;
  readonly slowestMs: number;
}

/**
 * Measures `count` times and returns the round's median; while it is not below `maxMs`, measures up to three rounds
 * and returns the best. A machine that does other work at the same time slows one round, a regression all of them.
 */
export async function medianBelow(
  maxMs: number,
  count: number,
  measureMs: (index: number) => Promise<number>,
): Promise<Measured> {
  let best: Measured | undefined;
  for (let round = 0; round < roundsMax; round++) {
    const tookMs: number[] = [];
    for (let index = 0; index < count; index++) tookMs.push(await measureMs(round * count + index));
    tookMs.sort((a, b) => a - b);
    const measured = { medianMs: tookMs[count >> 1] as number, slowestMs: tookMs.at(-1) as number };
    if (best === undefined || measured.medianMs < best.medianMs) best = measured;
    if (best.medianMs < maxMs) break;
  }
  return best as Measured;
}
