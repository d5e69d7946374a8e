import type { EventLog, LogTail, NewCommit } from "@routeledger/event-log";
import { payloadTypes } from "@routeledger/event-log";
import { newCommit } from "@routeledger/event-log/testing";
import { codec, type MessageTypes } from "@routeledger/protos";
import { sha256 } from "@routeledger/std";

type Kind = keyof typeof payloadTypes;

/** Milliseconds since 1970 at which the golden logs begin. */
export const goldenStartMs = 1_700_000_000_000;

/** A commit of a kind with its message; of a term where only the leading translator writes it. */
export function commitOfKind<K extends Kind>(
  kind: K,
  message: MessageTypes[(typeof payloadTypes)[K]],
  term = 0,
): NewCommit {
  const payload = codec(payloadTypes[kind]).encode(message);
  return newCommit({ kind, term, summary: `a ${kind}`, payload });
}

/** The tail after messages that were appended by hand. */
export async function tailOf(log: EventLog, before: LogTail): Promise<LogTail> {
  const { lastSequence } = await log.info();
  const last = await log.at(lastSequence);
  return { ...before, sequence: lastSequence, hash: sha256(last!.body) };
}
