import { type Msg, type MsgHdrs, type NatsConnection, headers as newHeaders } from "nats";

/** What became of a request. Only a `reply` says anything about what the other side did. */
export type LinkReply =
  | { readonly kind: "reply"; readonly message: Msg }
  /** There was no connection, or nobody listens: nothing happened. */
  | { readonly kind: "notSent"; readonly why: string }
  /** The server refuses this user the subject: nothing happened. */
  | { readonly kind: "denied"; readonly why: string }
  /** No answer: what was asked may have been done, or be done later. */
  | { readonly kind: "lost"; readonly why: string };

export interface LinkRequest {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

interface Pending {
  readonly subject: string;
  readonly settle: (reply: LinkReply) => void;
}

const empty = new Uint8Array(0);

/**
 * The one connection of a process to NATS. It reconnects by itself, for ever; whatever waits for an answer when it
 * is lost is told so at once, since the answer will not come.
 */
export class NatsLink {
  readonly connection: NatsConnection;
  readonly #inbox: string;
  readonly #pending = new Map<string, Pending>();
  readonly #lostListeners = new Set<(why: string) => void>();
  #connected = true;
  /** Why no answer can come: the server refuses this user the inbox. */
  #inboxRefused: string | undefined;
  #counter = 0;

  /** @param inbox a subject of this process's own, without wildcards, that nobody else listens to */
  constructor(connection: NatsConnection, inbox: string) {
    this.connection = connection;
    this.#inbox = inbox;
    this.#hearAnswers();
    void this.#watch();
    void connection.closed().then((error) => this.#lost(error ? error.message : "the connection is closed"));
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** A subject of its own at each call, to listen on. */
  newInbox(): string {
    return `${this.#inbox}.${++this.#counter}`;
  }

  /** Never rejects. Messages of one call stand behind each other on the wire in the order of the calls. */
  request({ subject, body, headers, timeoutMs }: LinkRequest): Promise<LinkReply> {
    if (!this.#connected) return Promise.resolve({ kind: "notSent", why: "there is no connection" });
    if (this.#inboxRefused) return Promise.resolve({ kind: "denied", why: this.#inboxRefused });
    const reply = `${this.#inbox}.r.${++this.#counter}`;
    return new Promise((resolve) => {
      const settle = (outcome: LinkReply): void => {
        clearTimeout(timer);
        this.#pending.delete(reply);
        resolve(outcome);
      };
      const late = (): void => settle({ kind: "lost", why: `no answer within ${timeoutMs} ms` });
      const timer = setTimeout(late, timeoutMs);
      this.#pending.set(reply, { subject, settle });
      try {
        this.publish(subject, body, { reply, ...(headers && { headers }) });
      } catch (error) {
        settle({ kind: "notSent", why: error instanceof Error ? error.message : String(error) });
      }
    });
  }

  /** Sends a message, or loses it when there is no connection. */
  publish(
    subject: string,
    body: Uint8Array = empty,
    { reply, headers }: { readonly reply?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ): void {
    this.connection.publish(subject, body, {
      ...(reply && { reply }),
      ...(headers && { headers: encoded(headers) }),
    });
  }

  /** Calls back for each message until the function that it returns is called. Goes on over reconnects. */
  listen(subject: string, heard: (message: Msg) => void): () => void {
    const subscription = this.connection.subscribe(subject, {
      callback: (error, message) => !error && heard(message),
    });
    return () => {
      if (!this.connection.isClosed()) subscription.unsubscribe();
    };
  }

  /** Calls back each time that the connection is lost, until the function that it returns is called. */
  onLost(listener: (why: string) => void): () => void {
    this.#lostListeners.add(listener);
    return () => this.#lostListeners.delete(listener);
  }

  /** What was published before is on its way when this resolves. Idempotent. */
  async close(): Promise<void> {
    if (this.#connected) await this.connection.flush().catch(() => {});
    await this.connection.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === "disconnect") this.#lost("the connection is lost");
      if (status.type === "reconnect") this.#reconnected();
      const refused = status.permissionContext;
      if (refused?.operation === "publish") this.#denied(refused.subject);
      else if (refused?.subject.startsWith(this.#inbox)) this.#deniedInbox(refused.subject);
    }
  }

  #reconnected(): void {
    this.#connected = true;
    // A subscription that was refused is gone; the user may have the right by now.
    if (this.#inboxRefused) this.#hearAnswers();
    this.#inboxRefused = undefined;
  }

  #hearAnswers(): void {
    this.listen(`${this.#inbox}.r.*`, (message) => this.#answered(message));
  }

  #answered(message: Msg): void {
    const pending = this.#pending.get(message.subject);
    if (!pending) return;
    const nobody = message.headers?.code === 503 && message.data.length === 0;
    pending.settle(nobody ? { kind: "notSent", why: "nobody answers there" } : { kind: "reply", message });
  }

  #lost(why: string): void {
    this.#connected = false;
    for (const { settle } of [...this.#pending.values()]) settle({ kind: "lost", why });
    for (const listener of [...this.#lostListeners]) listener(why);
  }

  #denied(subject: string): void {
    for (const pending of [...this.#pending.values()]) {
      if (pending.subject !== subject) continue;
      pending.settle({ kind: "denied", why: `this user may not publish to ${subject}` });
    }
  }

  #deniedInbox(subject: string): void {
    this.#inboxRefused = `this user may not subscribe to ${subject}`;
    for (const { settle } of [...this.#pending.values()]) settle({ kind: "denied", why: this.#inboxRefused });
  }
}

function encoded(values: Readonly<Record<string, string>>): MsgHdrs {
  const headers = newHeaders();
  for (const [name, value] of Object.entries(values)) headers.set(name, value);
  return headers;
}
