import { type Clock, pause } from "@routeledger/std";

/** Streams are closed in at most so many portions. */
const portionsMax = 50;

/**
 * Closes all streams, spread evenly over `drainMs`, the first at once, so that other edges do not get them all in one
 * moment (rule 71). Resolves when the last one was closed.
 */
export async function closeInPortions(
  streams: readonly { close(reason: string): void }[],
  { drainMs, clock, reason }: { readonly drainMs: number; readonly clock: Clock; readonly reason: string },
): Promise<void> {
  const portions = drainMs <= 0 ? 1 : Math.min(portionsMax, streams.length);
  for (let portion = 0; portion < portions; portion++) {
    if (portion > 0) await pause(clock, drainMs / portions);
    const from = Math.floor((portion * streams.length) / portions);
    const until = Math.floor(((portion + 1) * streams.length) / portions);
    for (const stream of streams.slice(from, until)) stream.close(reason);
  }
}
