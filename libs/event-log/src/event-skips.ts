import { codec } from "@routeledger/protos";
import { Failure, formatRevision, type Revision } from "@routeledger/std";
import { decodeOrNothing } from "./checkpoint-record.ts";
import { decodeEnvelope } from "./envelope.ts";
import type { EventLog } from "./event-log-port.ts";

const eventSkipped = codec("routeledger.config.v1.EventSkipped");

export interface EventSkip {
  /** What is skipped. */
  readonly revision: Revision;
  readonly reason: string;
}

/** What an EventSkipped says; undefined when its payload names no revision. */
export function decodeEventSkip(payload: Uint8Array): EventSkip | undefined {
  const skip = decodeOrNothing(eventSkipped, payload);
  return skip?.revision && skip.revision.sequence > 0
    ? { revision: skip.revision, reason: skip.reason }
    : undefined;
}

/**
 * The skips that are in force for a reader that goes on after `after` (docs/spec/log.md, S3 to S5), by revision,
 * with the operator's reason. Costs one look-up where no EventSkipped lies ahead, else a scan up to the last one.
 *
 * An EventSkipped reaches back to the last Catalog before it and no further, so none of them ever contradicts a
 * checkpoint, and all who read the log agree whether it is in force.
 */
export async function skipsAhead(
  log: EventLog,
  after: number,
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const skips = new Map<string, string>();
  const last = await log.lastOf("EventSkipped");
  if (!last || last.sequence <= after) return skips;
  let catalog = after;
  for await (const { sequence, body } of log.read({
    after,
    until: last.sequence,
    ...(signal && { signal }),
  })) {
    const decoded = decodeEnvelope(body);
    if (!decoded.ok) continue;
    const { kind, chunks, schemaVersion, payload } = decoded.envelope;
    if (kind === "Catalog") catalog = sequence;
    if (kind !== "EventSkipped" || chunks !== 1 || schemaVersion !== 1) continue;
    const skip = decodeEventSkip(payload);
    if (!skip || skip.revision.sequence >= sequence || skip.revision.sequence <= catalog) continue;
    skips.set(formatRevision(skip.revision), skip.reason);
  }
  return skips;
}

/** Whether a Catalog stands between two sequences; what was purged always ends in one. */
export async function catalogBetween(log: EventLog, after: number, before: number): Promise<boolean> {
  const { firstSequence } = await log.info();
  if (after + 1 < firstSequence) return true;
  for await (const { body } of log.read({ after, until: before - 1 })) {
    const decoded = decodeEnvelope(body);
    if (decoded.ok && decoded.envelope.kind === "Catalog") return true;
  }
  return false;
}

/** A reader that has gone past a revision as an event and now learns that everyone has to skip it. */
export function skippedAfterReadFailure(log: EventLog, skip: EventSkip, at: number): Failure {
  const revision = formatRevision(skip.revision);
  return new Failure(
    `read log ${log.name}: message ${at} skips revision ${revision}, which this reader has already applied`,
    {
      code: "log.skippedAfterRead",
      retryable: true,
      hint: "start again from the last Catalog before that revision",
      fields: { log: log.name, sequence: at, revision },
    },
  );
}
