import { randomUUID } from "node:crypto";
import type { AppendOutcome, AppendRequest, EventLog } from "@routeledger/event-log";
import { bytesEqual, Failure } from "@routeledger/std";
import {
  type ApiError,
  apiErrors,
  deniedFailure,
  inWords,
  noStreamFailure,
  parsedReply,
  unreachableFailure,
} from "./jetstream-api.ts";
import type { LinkReply, NatsLink } from "./nats-link.ts";
import { subjectOf } from "./stream-settings.ts";

/** How long the acknowledgement of a small append may take, milliseconds. */
const ackTimeoutMs = 2_000;
/** Of a large one: so much longer for each MiB, milliseconds. */
const ackTimeoutMsPerMebibyte = 500;
/** After so many bytes of a batch an answer is waited for: what is under way has a bound, and pings get through. */
const unansweredBytesMax = 4 * 1024 * 1024;
/** How long a fence that is not there yet is waited for: another's append that has no majority yet. */
const fenceAttemptsMax = 20;
const fenceDelayMs = 50;

export interface AppendTarget {
  readonly link: NatsLink;
  /** To find out what stands where a fence was met. */
  readonly log: EventLog;
}

interface PubAck {
  readonly seq: number;
}

/**
 * One message as it is, several as one atomic batch: all of them or none. The fence is the first message's
 * `Nats-Expected-Last-Sequence`.
 *
 * @throws Failure `log.unreachable`, `log.diskFull` (retryable) and `nats.noStream`, `nats.denied`: nothing was stored;
 * `log.unknownOutcome`
 */
export async function appendToStream(target: AppendTarget, request: AppendRequest): Promise<AppendOutcome> {
  const { log } = target;
  // What throws is a message that the client does not take: then the batch was not committed.
  const sent = await publish(target, request).catch((error: unknown): LinkReply => {
    return { kind: "notSent", why: error instanceof Error ? error.message : String(error) };
  });
  const ack = parsedReply<PubAck>(sent);
  const doing = `append to log ${log.name}`;
  switch (ack.kind) {
    case "answer":
      return stored(request, ack.answer, doing, log);
    case "notSent":
      throw unreachableFailure(doing, ack.why, log.name);
    case "denied":
      throw deniedFailure(doing, ack.why, log.name);
    case "lost":
      throw unknownFailure(doing, ack.why, log);
    case "error":
      return await refused(target, request, ack.error);
  }
}

/** Sends all of a small append before it returns, so that appends of one process keep the order of their calls. */
async function publish(
  { link, log }: AppendTarget,
  { messages, expectedLast }: AppendRequest,
): Promise<LinkReply> {
  if (!link.connected) return { kind: "notSent", why: "there is no connection" };
  const batch = messages.length > 1 ? randomUUID() : undefined;
  let unansweredBytes = 0;
  for (const [index, { subject, body }] of messages.entries()) {
    const commits = index === messages.length - 1;
    const headers = {
      "Nats-Expected-Stream": log.name,
      ...(index === 0 &&
        expectedLast !== undefined && { "Nats-Expected-Last-Sequence": String(expectedLast) }),
      ...(batch && { "Nats-Batch-Id": batch, "Nats-Batch-Sequence": String(index + 1) }),
      ...(batch && commits && { "Nats-Batch-Commit": "1" }),
    };
    const message = { subject: subjectOf(log.name, subject), body, headers };
    unansweredBytes += body.length;
    if (commits) return await link.request({ ...message, timeoutMs: commitTimeoutMs(messages) });
    if (unansweredBytes < unansweredBytesMax) {
      link.publish(message.subject, body, { headers });
      continue;
    }
    unansweredBytes = 0;
    const reply = await link.request({ ...message, timeoutMs: commitTimeoutMs(messages) });
    // The batch is never committed then.
    if (reply.kind === "lost") return { kind: "notSent", why: reply.why };
    if (reply.kind !== "reply" || reply.message.data.length > 0) return reply;
  }
  throw new Error("an append of no messages");
}

function commitTimeoutMs(messages: AppendRequest["messages"]): number {
  const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
  return ackTimeoutMs + Math.ceil((bytes / 1024 ** 2) * ackTimeoutMsPerMebibyte);
}

function stored(request: AppendRequest, { seq }: PubAck, doing: string, log: EventLog): AppendOutcome {
  const { messages, expectedLast } = request;
  if (expectedLast !== undefined && seq !== expectedLast + messages.length) {
    throw unknownFailure(doing, `acknowledged at ${seq}, expected ${expectedLast + messages.length}`, log);
  }
  return { outcome: "appended", lastSequence: seq };
}

async function refused(
  target: AppendTarget,
  request: AppendRequest,
  error: ApiError,
): Promise<AppendOutcome> {
  const { log } = target;
  const doing = `append to log ${log.name}`;
  switch (error.err_code) {
    case apiErrors.wrongLastSequence:
    case apiErrors.wrongLastSequenceInCluster:
      return await fenced(target, request, doing);
    case apiErrors.noStream:
      throw noStreamFailure(doing, log.name);
    case apiErrors.accountLimits:
    case apiErrors.insufficientResources:
    case apiErrors.storageLimits:
      throw diskFullFailure(doing, error, log);
    case apiErrors.storeFailed:
      if (/maximum (bytes|messages)/.test(error.description ?? "")) throw diskFullFailure(doing, error, log);
      throw unknownFailure(doing, inWords(error), log);
    default:
      throw unknownFailure(doing, inWords(error), log);
  }
}

/**
 * A fence is not believed before another's message is seen behind it: a server that was deposed without knowing
 * answers for itself, while the one that leads now may have stored the append.
 */
async function fenced({ log }: AppendTarget, request: AppendRequest, doing: string): Promise<AppendOutcome> {
  const { messages, expectedLast = 0 } = request;
  for (let attempt = 1; attempt <= fenceAttemptsMax; attempt++) {
    const { standing, lastSequence } = await standingBehind(log, expectedLast).catch((cause: unknown) => {
      throw unknownFailure(doing, "fenced, and then not reachable", log, cause);
    });
    if (standing && bytesEqual(standing, messages[0]!.body)) {
      throw unknownFailure(doing, "fenced, but it stands there", log);
    }
    if (standing || lastSequence !== expectedLast) return { outcome: "fenced", lastSequence };
    await new Promise((resolve) => setTimeout(resolve, fenceDelayMs));
  }
  throw unknownFailure(doing, `fenced, but nothing stands behind ${expectedLast}`, log);
}

async function standingBehind(
  log: EventLog,
  sequence: number,
): Promise<{ readonly standing: Uint8Array | undefined; readonly lastSequence: number }> {
  // In this order: what was stored between the two answers is compared, not taken for purged.
  const { lastSequence } = await log.info();
  const standing = await log.at(sequence + 1);
  return { standing: standing?.body, lastSequence: Math.max(lastSequence, standing?.sequence ?? 0) };
}

function diskFullFailure(doing: string, error: ApiError, log: EventLog): Failure {
  return new Failure(`${doing}: the server has no room: ${inWords(error)}`, {
    code: "log.diskFull",
    retryable: true,
    hint: "make room on the disks of nats-server, or raise its limits; nothing was stored",
    fields: { log: log.name },
  });
}

function unknownFailure(doing: string, why: string, log: EventLog, cause?: unknown): Failure {
  return new Failure(`${doing}: whether it was stored is not known: ${why}`, {
    code: "log.unknownOutcome",
    retryable: true,
    fields: { log: log.name },
    ...(cause !== undefined && { cause }),
  });
}
