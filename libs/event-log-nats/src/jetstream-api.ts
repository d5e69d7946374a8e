/** The few requests of JetStream's API that the logs need, as JSON over one link. */
import { Failure } from "@routeledger/std";
import type { LinkReply, NatsLink } from "./nats-link.ts";

/** How long an answer may take, milliseconds. */
const apiTimeoutMs = 5_000;
/** The same for what may be asked twice: who does not answer may be gone, and another lead by now. */
const againTimeoutsMs = [500, 1_000, 2_000];

/** What the API needs of the connection. */
export type ApiLink = Pick<NatsLink, "request" | "connected">;

/** Fields of a stream's configuration that the logs rest on. The server's names. */
export interface StreamSettings {
  readonly name: string;
  readonly subjects?: readonly string[];
  readonly retention?: string;
  readonly max_consumers?: number;
  readonly max_msgs?: number;
  readonly max_bytes?: number;
  /** Nanoseconds; 0 is for ever. */
  readonly max_age?: number;
  readonly max_msgs_per_subject?: number;
  readonly max_msg_size?: number;
  readonly discard?: string;
  readonly storage?: string;
  readonly num_replicas?: number;
  readonly duplicate_window?: number;
  readonly compression?: string;
  readonly sealed?: boolean;
  readonly no_ack?: boolean;
  readonly deny_delete?: boolean;
  readonly deny_purge?: boolean;
  readonly allow_rollup_hdrs?: boolean;
  readonly allow_atomic?: boolean;
  readonly allow_msg_ttl?: boolean;
  readonly allow_msg_counter?: boolean;
  readonly allow_msg_schedules?: boolean;
  readonly allow_direct?: boolean;
  readonly persist_mode?: string;
  readonly first_seq?: number;
  readonly mirror?: unknown;
  readonly sources?: unknown;
  readonly subject_transform?: unknown;
  readonly description?: string;
}

export interface StreamInfo {
  readonly config: StreamSettings;
  /** RFC 3339 with nanoseconds: differs for every stream that was ever made, stays over restarts and restores. */
  readonly created: string;
  readonly state: { readonly messages: number; readonly first_seq: number; readonly last_seq: number };
}

export interface StoredMessage {
  readonly seq: number;
  /** Base64; absent for an empty body. */
  readonly data?: string;
}

/** The server's own refusal of a request. */
export interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** Of jetstream/errors.json of the server. */
export const apiErrors = {
  accountLimits: 10002,
  insufficientResources: 10023,
  noMessage: 10037,
  storageLimits: 10047,
  streamNameInUse: 10058,
  noStream: 10059,
  wrongLastSequence: 10071,
  storeFailed: 10077,
  wrongLastSequenceInCluster: 10164,
} as const;

export type ApiAnswer<T> =
  | { readonly kind: "answer"; readonly answer: T }
  | { readonly kind: "error"; readonly error: ApiError }
  | Exclude<LinkReply, { readonly kind: "reply" }>;

/** Asks and never rejects: what came is a value. */
export async function askApi<T>(
  link: ApiLink,
  subject: string,
  body?: unknown,
  timeoutMs = apiTimeoutMs,
): Promise<ApiAnswer<T>> {
  const reply = await link.request({
    subject: `$JS.API.${subject}`,
    body: body === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(body)),
    timeoutMs,
  });
  return parsedReply<T>(reply);
}

/** As `askApi`, for requests that may be done twice: asked again while nobody answers, for 3.5 s in all. */
export async function askAgain<T>(link: ApiLink, subject: string, body?: unknown): Promise<ApiAnswer<T>> {
  let answer: ApiAnswer<T> = { kind: "lost", why: "never asked" };
  for (const timeoutMs of againTimeoutsMs) {
    answer = await askApi<T>(link, subject, body, timeoutMs);
    if (answer.kind !== "lost" || !link.connected) break;
  }
  return answer;
}

/** The JSON of a reply, told apart from an error. */
export function parsedReply<T>(reply: LinkReply): ApiAnswer<T> {
  if (reply.kind !== "reply") return reply;
  try {
    const answer = reply.message.json<T & { error?: ApiError }>();
    return answer.error ? { kind: "error", error: answer.error } : { kind: "answer", answer };
  } catch {
    return { kind: "error", error: { code: 500, description: "an answer that is no JSON" } };
  }
}

/** A stream's state from its leader, or undefined when there is no such stream. @throws as `answered` */
export async function streamInfo(link: ApiLink, stream: string): Promise<StreamInfo | undefined> {
  const answer = await askAgain<StreamInfo>(link, `STREAM.INFO.${stream}`);
  if (answer.kind === "error" && answer.error.err_code === apiErrors.noStream) return undefined;
  return answered(answer, `look at stream ${stream}`, stream);
}

/**
 * The answer, or a Failure: `nats.noStream`, `nats.denied`, retryable `log.unreachable` when the server, the
 * stream's leader or the answer is missing.
 */
export function answered<T>(answer: ApiAnswer<T>, doing: string, stream: string): T {
  if (answer.kind === "answer") return answer.answer;
  if (answer.kind === "denied") throw deniedFailure(doing, answer.why, stream);
  if (answer.kind !== "error") throw unreachableFailure(doing, answer.why, stream);
  const { error } = answer;
  if (error.err_code === apiErrors.noStream) throw noStreamFailure(doing, stream);
  throw unreachableFailure(doing, inWords(error), stream);
}

export function inWords({ code, err_code, description }: ApiError): string {
  return `${description ?? "no description"} (${err_code ?? code})`;
}

export function noStreamFailure(doing: string, stream: string): Failure {
  return new Failure(`${doing}: stream ${stream} not found`, {
    code: "nats.noStream",
    retryable: false,
    hint: "a new one is made with: routeledger log create; one that was there is restored from a backup first",
    fields: { stream },
  });
}

export function deniedFailure(doing: string, why: string, stream: string): Failure {
  return new Failure(`${doing}: ${why}`, {
    code: "nats.denied",
    retryable: false,
    hint: "compare the server's users with docs/spec/nats.md",
    fields: { stream },
  });
}

export function unreachableFailure(doing: string, why: string, stream: string): Failure {
  return new Failure(`${doing}: ${why}`, {
    code: "log.unreachable",
    retryable: true,
    hint: "the connection mends itself when nats-server is there and has a leader for the stream",
    fields: { stream },
  });
}
