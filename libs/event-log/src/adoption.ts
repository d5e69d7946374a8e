import { codec } from "@routeledger/protos";
import { Failure, formatRevision, type Revision } from "@routeledger/std";
import { decodeOrNothing } from "./checkpoint-record.ts";
import type { LogTail } from "./commit.ts";
import { decodeEnvelope } from "./envelope.ts";
import type { EventLog } from "./event-log-port.ts";
import { payloadTypes } from "./kinds.ts";

const logAdopted = codec(payloadTypes.LogAdopted);

/** An operator's word that a log, whatever befell it, is the one to follow. */
export interface Adoption {
  /** Of the LogAdopted commit; its epoch is above all before it. */
  readonly revision: Revision;
  /** `LogInfo.identity` of the storage that was adopted. */
  readonly identity: string;
  /** Why, for people. */
  readonly reason: string;
}

/** The payload of a commit of kind LogAdopted. */
export function encodeLogAdopted(adopted: Pick<Adoption, "identity" | "reason">): Uint8Array {
  return logAdopted.encode(adopted);
}

/** The log's last adoption, judged by its body alone; undefined when it was never adopted, or that was purged. */
export async function lastAdoption(log: EventLog): Promise<Adoption | undefined> {
  const last = await log.lastOf("LogAdopted");
  if (!last) return undefined;
  const { firstSequence } = await log.info();
  // The subject is an index, the body is the truth.
  for (let sequence = last.sequence; sequence >= firstSequence; sequence--) {
    const adoption = await adoptionAt(log, sequence);
    if (adoption) return adoption;
  }
  return undefined;
}

async function adoptionAt(log: EventLog, sequence: number): Promise<Adoption | undefined> {
  const message = await log.at(sequence);
  const decoded = message && decodeEnvelope(message.body);
  if (!decoded?.ok) return undefined;
  const { kind, chunks, schemaVersion, epoch, payload } = decoded.envelope;
  if (kind !== "LogAdopted" || chunks !== 1 || schemaVersion !== 1) return undefined;
  const adopted = decodeOrNothing(logAdopted, payload);
  return adopted && { revision: { epoch, sequence }, identity: adopted.identity, reason: adopted.reason };
}

/**
 * The adoption of the log as it is now that a reader has not read: of a higher epoch than its tail's, and naming the
 * log's identity (docs/spec/log.md, L10). Undefined where there is none.
 *
 * Whoever was stopped by a loss (`log.shorter`, `log.recreated`, `log.brokenChain`, `log.gap`, `log.staleEpoch`) may
 * ask now and then; when an adoption is there, a new reader from the same tail either goes on, or says `log.adopted`:
 * begin again.
 */
export async function adoptedSince(
  log: EventLog,
  tail: Pick<LogTail, "epoch">,
): Promise<Adoption | undefined> {
  const adoption = await lastAdoption(log);
  if (!adoption || adoption.revision.epoch <= tail.epoch) return undefined;
  const { identity } = await log.info();
  return adoption.identity === identity ? adoption : undefined;
}

/** What a reader has read is no longer all in the log, and an operator adopted the log as it is. */
export function adoptedFailure(log: EventLog, tail: LogTail, adoption: Adoption, what: string): Failure {
  const adopted = formatRevision(adoption.revision);
  return new Failure(
    `read log ${log.name}: ${what}; an operator adopted it as it is, at ${adopted}: ${adoption.reason}`,
    {
      code: "log.adopted",
      retryable: false,
      hint: "begin again: at the last Catalog, or at the beginning",
      fields: { log: log.name, sequence: tail.sequence, adopted },
    },
  );
}
