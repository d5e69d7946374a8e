import { bytesEqual, Failure } from "@routeledger/std";
import { decodeEnvelope } from "./envelope.ts";
import type { EventLog, NewMessage } from "./event-log-port.ts";

/** Messages that are appended at once. */
const batchMessagesMax = 64;

/**
 * Copies a log byte for byte into another storage, which holds nothing yet, or the beginning of the same log: a copy
 * that was broken off goes on. Nobody may append to either meanwhile. Whoever followed `from` follows `to` when that
 * is adopted then (`adoptLog`).
 *
 * @param progress is called with the sequence that was reached and the last one
 * @returns how many messages were copied now
 * @throws Failure `log.purged` when the beginning of `from` is gone; `log.notACopy` when `to` holds something else;
 * `log.fenced` when somebody appends to it
 */
export async function copyLog(
  from: EventLog,
  to: EventLog,
  progress: (at: number, of: number) => void = () => {},
): Promise<number> {
  const { firstSequence, lastSequence } = await from.info();
  if (firstSequence > 1) {
    throw copyFailure(
      from,
      "log.purged",
      `it begins with message ${firstSequence}, its beginning was purged`,
    );
  }
  const there = (await to.info()).lastSequence;
  if (there > 0) await refuseAnother(from, to, there);
  let batch: NewMessage[] = [];
  let copied = there;
  for await (const { sequence, body } of from.read({ after: there, until: lastSequence })) {
    batch.push({ subject: subjectOf(body), body });
    if (batch.length < batchMessagesMax && sequence < lastSequence) continue;
    const outcome = await to.append({ messages: batch, expectedLast: copied });
    if (outcome.outcome === "fenced") throw copyFailure(from, "log.fenced", "somebody appends to the copy");
    copied = outcome.lastSequence;
    batch = [];
    progress(copied, lastSequence);
  }
  return copied - there;
}

/** In a chained log the last message stands for all before it; DELIVERY has no chain, and its first one is compared too. */
async function refuseAnother(from: EventLog, to: EventLog, lastSequence: number): Promise<void> {
  for (const sequence of [1, lastSequence]) {
    const [ours, theirs] = [await from.at(sequence), await to.at(sequence)];
    if (ours && theirs && bytesEqual(ours.body, theirs.body)) continue;
    throw copyFailure(from, "log.notACopy", `message ${sequence} of the copy is another one`);
  }
}

/** The subject is an index by the envelope's kind; what is no envelope is not asked for by anybody. */
function subjectOf(body: Uint8Array): string {
  const decoded = decodeEnvelope(body);
  return decoded.ok ? decoded.envelope.kind : "Unreadable";
}

function copyFailure(log: EventLog, code: string, what: string): Failure {
  return new Failure(`copy log ${log.name}: ${what}`, { code, retryable: false, fields: { log: log.name } });
}
