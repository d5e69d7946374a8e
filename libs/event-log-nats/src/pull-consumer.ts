import { randomUUID } from "node:crypto";
import type { LogName } from "@routeledger/event-log";
import type { Msg } from "nats";
import { type ApiAnswer, type ApiLink, askAgain } from "./jetstream-api.ts";
import type { NatsLink } from "./nats-link.ts";

/** Bytes of one pull. */
export const pullBytes = 4 * 1024 * 1024;
/** The server shows that often that it has not forgotten a pull, milliseconds. */
const heartbeatMs = 1_000;
/** A pull that waits is renewed so often, milliseconds. */
const pullExpiresMs = 20_000;
/** A consumer whose reader died, or takes longer than this over what it read, goes away, milliseconds. */
const inactiveMs = 300_000;

const nanosecondsPerMs = 1_000_000;

/** What a consumer needs of the connection. */
export type ConsumerLink = ApiLink & Pick<NatsLink, "publish">;

/** Where a message stands. */
export interface MessagePlace {
  readonly sequence: number;
  /** Which delivery of the consumer it is, from 1. */
  readonly delivered: number;
}

/**
 * The requests of one reader's consumer: in memory, without acknowledgements, of one replica. It is pulled, not
 * pushed: as quick when it waits (0.4 ms from append to reader on one machine, both), and what is under way has a bound.
 */
export class PullConsumer {
  readonly #link: ConsumerLink;
  readonly #stream: LogName;
  readonly #name = `rl_${randomUUID()}`;

  constructor(link: ConsumerLink, stream: LogName) {
    this.#link = link;
    this.#stream = stream;
  }

  create(after: number): Promise<ApiAnswer<unknown>> {
    const config = {
      name: this.#name,
      deliver_policy: "by_start_sequence",
      opt_start_seq: after + 1,
      ack_policy: "none",
      replay_policy: "instant",
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: inactiveMs * nanosecondsPerMs,
    };
    const request = { stream_name: this.#stream, action: "create", config };
    return askAgain(this.#link, `CONSUMER.CREATE.${this.#stream}.${this.#name}`, request);
  }

  /** Asks for so many messages, or as many as `pullBytes` hold; they come to `reply`, and so does the pull's end. */
  pull(messages: number, reply: string): void {
    const request = {
      batch: messages,
      max_bytes: pullBytes,
      expires: pullExpiresMs * nanosecondsPerMs,
      idle_heartbeat: heartbeatMs * nanosecondsPerMs,
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${this.#stream}.${this.#name}`;
    this.#link.publish(subject, Buffer.from(JSON.stringify(request)), { reply });
  }

  /** Lets go of it, where there is a connection. */
  drop(): void {
    if (this.#link.connected) this.#link.publish(`$JS.API.CONSUMER.DELETE.${this.#stream}.${this.#name}`);
  }
}

/**
 * `$JS.ACK.[domain.account.]stream.consumer.attempts.sequence.delivered.time.pending[.token]`; undefined for what is no
 * message of a stream.
 */
export function placeOf({ reply }: Pick<Msg, "reply">): MessagePlace | undefined {
  if (!reply?.startsWith("$JS.ACK.")) return undefined;
  const tokens = reply.split(".");
  const stream = tokens.length > 9 ? 4 : 2;
  return { sequence: Number(tokens[stream + 3]), delivered: Number(tokens[stream + 4]) };
}
