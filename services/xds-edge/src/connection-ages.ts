import type { Http2Session } from "node:http2";
import type { Clock } from "@routeledger/std";

/** A stream whose connection may grow old. */
export interface Ageing {
  /** Ends the stream as soon as it has had a response (rule 64). */
  retire(reason: string): void;
}

interface Connection {
  readonly streams: Set<Ageing>;
  isOld: boolean;
}

/** By how much an age differs at most, in either direction. */
const jitter = 0.1;
const reason = "the connection has reached its age: come back, maybe to another edge";

/**
 * Ends connections at an age, each at its own moment, so that proxies which came at once do not go at once: the client
 * gets no new stream on it (GOAWAY), the open ones are retired.
 */
export class ConnectionAges {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #ageMs: number;
  readonly #connections = new WeakMap<Http2Session, Connection>();

  /**
   * @param random from 0 to 1
   * @param ageMs 0: none grows old
   */
  constructor(clock: Clock, random: () => number, ageMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#ageMs = ageMs;
  }

  /** A connection's age begins with its first stream. Returns what is to be called when the stream has ended. */
  opened(session: Http2Session | undefined, stream: Ageing): () => void {
    if (this.#ageMs === 0 || session === undefined) return () => undefined;
    const connection = this.#connections.get(session) ?? this.#begin(session);
    connection.streams.add(stream);
    if (connection.isOld) stream.retire(reason);
    return () => connection.streams.delete(stream);
  }

  #begin(session: Http2Session): Connection {
    const connection: Connection = { streams: new Set(), isOld: false };
    this.#connections.set(session, connection);
    const ageMs = Math.round(this.#ageMs * (1 - jitter + 2 * jitter * this.#random()));
    const cancel = this.#clock.after(ageMs, () => {
      connection.isOld = true;
      session.close();
      for (const stream of [...connection.streams]) stream.retire(reason);
    });
    session.once("close", cancel);
    return connection;
  }
}
