import { assert, Failure } from "@routeledger/std";
import type { AppendRequest, LogName } from "./event-log-port.ts";

/** Messages of one append. */
export const appendMessagesMax = 128;
/** Bytes of one message's body: a chunk and its envelope, and below the 1 MiB of a NATS server's default. */
export const messageBytesMax = 640 * 1024;

/** Asserts the bounds that the port promises to every adapter. */
export function assertAppendRequest(request: AppendRequest): void {
  const { messages, expectedLast } = request;
  assert(
    messages.length >= 1 && messages.length <= appendMessagesMax,
    `1 to ${appendMessagesMax} messages an append, got ${messages.length}`,
  );
  for (const { subject, body } of messages) {
    assert(
      subject.length >= 1 && subject.length <= 64,
      `a subject of 1 to 64 characters, got ${subject.length}`,
    );
    assert(body.length <= messageBytesMax, `a body of at most ${messageBytesMax} bytes, got ${body.length}`);
  }
  assert(
    expectedLast === undefined || (Number.isSafeInteger(expectedLast) && expectedLast >= 0),
    `an expected last sequence of at least 0, got ${expectedLast}`,
  );
}

/** What every adapter throws for a read that begins before what it still holds. */
export function compactedFailure(name: LogName, after: number, firstSequence: number): Failure {
  return new Failure(`read log ${name} after ${after}: compacted, oldest is ${firstSequence}`, {
    code: "log.compacted",
    retryable: false,
    hint: "start from the last Catalog of the log, or ask a store that holds the older revisions",
    fields: { log: name, after, firstSequence },
  });
}

/** What every adapter throws for calls after `close`. */
export function closedFailure(name: LogName, doing: string): Failure {
  return new Failure(`${doing} log ${name}: it is closed`, {
    code: "log.closed",
    retryable: false,
    fields: { log: name },
  });
}
