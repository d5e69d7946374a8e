import { CommitReader, type EventLog, type LogTail, xdsKinds } from "@routeledger/event-log";
import { Failure } from "@routeledger/std";

/** What an edge does when following, which goes on by itself after interruptions, ended. */
export type AfterFailure =
  /** What the follower stands on is no more, and an operator, if anybody, knows: it begins with the last Catalog. */
  | "beginAgain"
  /** Something was lost or exchanged below us: serve on, until the right log is back or an operator adopts this one. */
  | "awaitOperator"
  /** The log was closed by whoever opened it. */
  | "end";

export function afterFailure({ code, retryable }: Failure): AfterFailure {
  if (code === "log.closed") return "end";
  return retryable || beginAgainCodes.has(code) ? "beginAgain" : "awaitOperator";
}

const beginAgainCodes: ReadonlySet<string> = new Set([
  "log.adopted",
  "log.compacted",
  "log.skippedAfterRead",
]);

/** Messages behind a place that are looked at: more than one commit has. */
const lookedAtMax = 256;

/**
 * Looks at a log that lost something at or before `tail`, the place of a reader: it may be the log that was read
 * again, or may have been adopted by an operator as a new epoch; then the reader begins with the last Catalog,
 * whatever it had read before.
 */
export async function lookAt(
  log: EventLog,
  tail: LogTail,
  identity: string | undefined,
): Promise<"same" | "adopted" | "lost"> {
  try {
    const reader = new CommitReader(log, {
      from: tail,
      kinds: xdsKinds,
      ...(identity !== undefined && { identity }),
    });
    const { lastSequence } = await log.info();
    const until = Math.max(tail.sequence, Math.min(lastSequence, tail.sequence + lookedAtMax));
    for await (const _ of reader.read({ until }));
    return "same";
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.code === "log.adopted" ? "adopted" : "lost";
  }
}
