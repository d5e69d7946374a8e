import { assert, Failure, utf8 } from "@routeledger/std";
import { type Adoption, encodeLogAdopted, lastAdoption } from "./adoption.ts";
import { readCheckpoints } from "./checkpoint-reader.ts";
import { emptyTail, type LogTail } from "./commit.ts";
import { CommitAssembler } from "./commit-assembler.ts";
import { CommitWriter, type CommitWriterOptions } from "./commit-writer.ts";
import type { EventLog } from "./event-log-port.ts";
import { skipsAhead } from "./event-skips.ts";
import { checkpointKinds } from "./kinds.ts";

/** Bytes of UTF-8 of an adoption's reason. */
export const adoptionReasonBytesMax = 1024;
/** Times that an adoption is tried behind what others append meanwhile. */
const adoptAttemptsMax = 10;

export interface AdoptOptions extends CommitWriterOptions {
  /** For people; at most 1024 bytes of UTF-8. */
  readonly reason: string;
  /** Who says so. */
  readonly actor: string;
  readonly source: string;
  /**
   * At least this epoch, and above all epochs of the log; absent: the latter alone. Give one above all that anybody
   * may know from before a loss: of the other logs, of what XDS says of CONFIG, of stores.
   */
  readonly epoch?: number;
}

/**
 * Appends an operator's word that this log, as it is now, is the one to follow (docs/spec/log.md, L10). Whoever knows
 * it under another identity, or has read what is not in it any more, goes on or begins again from then on.
 *
 * @throws Failure as `CommitReader` when the log is broken in itself: that cannot be adopted; `log.busy` (retryable)
 * when others append all the time
 */
export async function adoptLog(log: EventLog, options: AdoptOptions): Promise<Adoption> {
  const { reason, actor, source, epoch: epochMin = 0, clock, randomBytes } = options;
  const bytes = utf8(reason).length;
  assert(
    bytes <= adoptionReasonBytesMax,
    `a reason of at most ${adoptionReasonBytesMax} bytes, got ${bytes}`,
  );
  const writer = new CommitWriter(log, { clock, randomBytes });
  for (let attempt = 1; attempt <= adoptAttemptsMax; attempt++) {
    const { identity } = await log.info();
    const tail = log.name === "DELIVERY" ? await unchainedEnd(log) : await chainedEnd(log);
    const commit = {
      kind: "LogAdopted",
      schemaVersion: 1,
      term: 0,
      actor,
      source,
      summary: `the log was adopted: ${reason}`,
      payload: encodeLogAdopted({ identity, reason }),
      // A log that was made again begins with epoch 1 like the one before it, so an adopted one never has that.
      epoch: Math.max(epochMin, tail.epoch + 1, 2),
    };
    if (log.name === "DELIVERY") {
      const appended = await writer.appendUnfenced(commit);
      assert(appended.outcome === "appended", "an adoption that is small");
      return { revision: { epoch: commit.epoch, sequence: appended.sequence }, identity, reason };
    }
    const outcome = await writer.append(commit, tail);
    if (outcome.outcome === "appended") return { revision: outcome.commit.revision, identity, reason };
  }
  throw new Failure(`adopt log ${log.name}: others were first ${adoptAttemptsMax} times`, {
    code: "log.busy",
    retryable: true,
    hint: "stop what writes to it, then try again",
    fields: { log: log.name },
  });
}

/**
 * The tail at the log's end, whatever its kinds mean, chain and terms followed from the last Catalog or the
 * beginning. Throws as `CommitReader`.
 */
export async function chainedEnd(log: EventLog): Promise<LogTail> {
  const { lastSequence } = await log.info();
  const from = (await readCheckpoints(log, checkpointKinds))?.tail ?? emptyTail;
  const assembler = new CommitAssembler({ log: log.name, from });
  for (const [revision, why] of await skipsAhead(log, from.sequence)) assembler.skips.set(revision, why);
  for await (const message of log.read({ after: from.sequence, until: lastSequence }))
    assembler.push(message);
  return assembler.tail;
}

/** The place at the end of DELIVERY: where a reader begins that does not want what is there. */
export async function unchainedEnd(log: EventLog): Promise<LogTail> {
  const { lastSequence } = await log.info();
  const adoption = await lastAdoption(log);
  return { ...emptyTail, sequence: lastSequence, epoch: adoption?.revision.epoch ?? 1 };
}
