import type { EventLog } from "@routeledger/event-log";
import { bytesEqual, sha256 } from "@routeledger/std";
import type { Publication } from "@routeledger/xds-model";

/**
 * The publications of an XDS log whose CONFIG is gone: CONFIG was restored from an old copy and adopted, and what was
 * published from the rest of it cannot be translated again. Found by `configHash`: within a run of publications that
 * follow on each other, CONFIG has all up to one of them and none behind it.
 *
 * @param publications in log order, without gaps but where one begins anew in a higher epoch
 */
export async function lostPublications(
  config: EventLog,
  publications: readonly Publication[],
): Promise<Set<Publication>> {
  const lost = new Set<Publication>();
  for (const run of runs(publications)) {
    for (const publication of run.slice(await heldCount(config, run))) lost.add(publication);
  }
  return lost;
}

/** Whether a publication begins where CONFIG, adopted after a loss, goes on; not behind the one before it. */
export function beginsAnew(publication: Publication, before: Publication | undefined): boolean {
  if (before === undefined) return false;
  return publication.configEpoch > before.configEpoch && publication.from !== before.to + 1;
}

function runs(publications: readonly Publication[]): Publication[][] {
  const all: Publication[][] = [];
  for (const [index, publication] of publications.entries()) {
    if (index === 0 || beginsAnew(publication, publications[index - 1])) all.push([]);
    all.at(-1)!.push(publication);
  }
  return all;
}

/** How many publications of a run CONFIG has the events of: all, or those up to some point. */
async function heldCount(config: EventLog, run: readonly Publication[]): Promise<number> {
  let held = 0;
  let unknown = run.length;
  if (await isHeld(config, run.at(-1)!)) return run.length;
  while (held < unknown - 1) {
    const middle = (held + unknown) >> 1;
    if (await isHeld(config, run[middle - 1]!)) held = middle;
    else unknown = middle;
  }
  return held;
}

async function isHeld(config: EventLog, { to, configHash }: Publication): Promise<boolean> {
  const message = await config.at(to);
  if (message !== undefined) return bytesEqual(sha256(message.body), configHash);
  const { firstSequence } = await config.info();
  // What was purged stood there once: the chain of what follows says so.
  return to < firstSequence;
}
