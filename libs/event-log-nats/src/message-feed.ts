import { compactedFailure, type LogInfo, type LogMessage, type LogName } from "@routeledger/event-log";
import { Failure } from "@routeledger/std";
import type { Msg } from "nats";
import { answered, unreachableFailure } from "./jetstream-api.ts";
import type { NatsLink } from "./nats-link.ts";
import { type ConsumerLink, type MessagePlace, PullConsumer, placeOf, pullBytes } from "./pull-consumer.ts";

/** Messages of one pull. Of what is read and not yet taken there are at most two pulls in memory. */
const pullMessages = 2_000;
/** So long without a sign the consumer counts as lost, milliseconds. */
const silenceMaxMs = 2_500;
/** So long after that it is looked again, milliseconds. */
const lookAgainMs = 500;
/** In a cluster a consumer may be made before the server at hand knows the way to it: waits for that, milliseconds. */
const wayDelayMs = 50;
const wayAttemptsMax = 20;

/** What a feed needs of the connection. */
export type FeedLink = ConsumerLink & Pick<NatsLink, "listen" | "onLost" | "newInbox">;

export interface MessageFeedOptions {
  readonly link: FeedLink;
  readonly name: LogName;
  readonly after: number;
  /** Nothing behind it is asked for. */
  readonly until?: number | undefined;
  readonly info: () => Promise<LogInfo>;
}

/**
 * Messages of a stream in order, through a pull consumer of its own that keeps nothing on disk.
 *
 * What can happen: messages come; a pull is used up (then the next one is sent, when there is room); heartbeats come,
 * with the number of the last message that was sent, or stop coming; the consumer, the stream, the server or the
 * connection goes away. Whatever may have lost a message ends the feed with `log.unreachable`, behind the messages
 * that came before; nothing is mended here, since whoever reads again has to compare the log first.
 */
export class MessageFeed {
  readonly #options: MessageFeedOptions;
  readonly #consumer: PullConsumer;
  readonly #inbox: string;
  readonly #queue: LogMessage[] = [];
  #taken = 0;
  #queuedBytes = 0;
  /** The last message that came. */
  #sequence: number;
  /** The consumer's own count of it. */
  #delivered = 0;
  #pulls = 0;
  /** Messages that the pull under way may still bring; 0: none is under way. */
  #pullLeft = 0;
  #heardAt = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #cleanUp: (() => void)[] = [];
  #wake: (() => void) | undefined;
  /** The consumer has answered a pull. */
  #answered = false;
  #wayAttempts = 0;
  /** Nothing more is taken from the server. */
  #ended = false;
  #stopped = false;
  #failure: unknown;

  constructor(options: MessageFeedOptions) {
    this.#options = options;
    this.#sequence = options.after;
    this.#consumer = new PullConsumer(options.link, options.name);
    this.#inbox = options.link.newInbox();
  }

  start(): void {
    const { link } = this.#options;
    this.#cleanUp = [
      link.listen(`${this.#inbox}.*`, (message) => this.#heard(message)),
      link.onLost((why) => this.#lose(why)),
    ];
    this.#open().catch((error: unknown) => this.#end(async () => error));
  }

  /** The next message; undefined when stopped. Throws what ended the feed. One call at a time. */
  async next(): Promise<LogMessage | undefined> {
    while (this.#taken === this.#queue.length) {
      if (this.#stopped) return undefined;
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#stopped) return undefined;
    const message = this.#queue[this.#taken++]!;
    this.#queuedBytes -= message.body.length;
    if (this.#taken === this.#queue.length || this.#taken > pullMessages) {
      this.#queue.splice(0, this.#taken);
      this.#taken = 0;
    }
    this.#pull();
    return message;
  }

  /** Lets go of the consumer. Idempotent. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (!this.#ended) this.#release();
    this.#wake?.();
  }

  async #open(): Promise<void> {
    const { name, after, info } = this.#options;
    const creating = this.#consumer.create(after);
    // Asked at the same time and said first: a cluster without a leader makes no consumer, and tells this all the same.
    const { firstSequence } = await info();
    if (after + 1 < firstSequence) throw compactedFailure(name, after, firstSequence);
    answered(await creating, `read log ${name} after ${after}`, name);
    if (this.#ended) this.#consumer.drop();
    else this.#pull();
  }

  /** Asks for more when the last pull is used up and there is room for what it brings. */
  #pull(): void {
    if (this.#pullLeft > 0 || this.#ended) return;
    if (this.#queue.length - this.#taken > pullMessages || this.#queuedBytes > pullBytes) return;
    const left = (this.#options.until ?? Number.POSITIVE_INFINITY) - this.#sequence;
    if (left <= 0) return;
    this.#pullLeft = Math.min(pullMessages, left);
    this.#heardAt = performance.now();
    this.#watchdog ??= setTimeout(() => this.#watch(), silenceMaxMs);
    this.#consumer.pull(this.#pullLeft, `${this.#inbox}.${++this.#pulls}`);
  }

  #heard(message: Msg): void {
    if (this.#ended) return;
    this.#heardAt = performance.now();
    const place = placeOf(message);
    if (message.headers?.code === 503 && !this.#answered && this.#wayAttempts < wayAttemptsMax) {
      this.#wayAttempts++;
      setTimeout(() => this.#pullAgain(), wayDelayMs);
      return;
    }
    this.#answered = true;
    if (place) this.#arrived(message, place);
    else if (message.headers) this.#status(message);
  }

  #pullAgain(): void {
    this.#pullLeft = 0;
    this.#pull();
  }

  #arrived({ data }: Msg, { sequence, delivered }: MessagePlace): void {
    if (delivered !== this.#delivered + 1) {
      this.#lose(`delivery ${delivered} came after delivery ${this.#delivered}`);
    } else if (sequence <= this.#sequence) {
      this.#lose(`message ${sequence} came after message ${this.#sequence}`);
    } else if (sequence !== this.#sequence + 1) {
      this.#end(() => this.#gap(sequence));
    } else {
      this.#delivered = delivered;
      this.#sequence = sequence;
      // A copy: what came is a slice of a buffer that holds much else.
      const body = new Uint8Array(data);
      this.#queuedBytes += body.length;
      this.#queue.push({ sequence, body });
      this.#pullLeft--;
      this.#pull();
      this.#wake?.();
    }
  }

  #status({ headers, subject }: Msg): void {
    const { code = 0, description, status } = headers ?? {};
    const why = description || status || "";
    if (code === 100) {
      const sent = Number(headers?.get("Nats-Last-Consumer"));
      if (sent > this.#delivered)
        this.#lose(`delivery ${sent} was sent, ${this.#delivered} is the last that came`);
    } else if (subject === `${this.#inbox}.${this.#pulls}`) {
      // The end of the pull, in order: its time is over (408), its bytes or messages are used up (409).
      if (code === 408 || (code === 409 && /max ?bytes|batch completed/i.test(why))) {
        this.#pullAgain();
      } else {
        this.#lose(`the consumer is lost: ${why} (${code})`);
      }
    }
  }

  #watch(): void {
    this.#watchdog = undefined;
    if (this.#ended || this.#pullLeft === 0) return;
    const heardAt = this.#heardAt;
    const silentMs = performance.now() - heardAt;
    if (silentMs < silenceMaxMs) {
      this.#watchdog = setTimeout(() => this.#watch(), silenceMaxMs - silentMs);
      return;
    }
    // What came while this process itself was busy is still in the socket: it is read before silence is believed.
    this.#watchdog = setTimeout(() => {
      if (this.#heardAt > heardAt) this.#watch();
      else this.#lose(`the server says nothing for ${silenceMaxMs} ms`);
    }, lookAgainMs);
  }

  #lose(why: string): void {
    this.#end(async () => this.#unreachable(why));
  }

  /** What was purged under the reader is said as that; any other gap is the log's own. */
  async #gap(sequence: number): Promise<Failure> {
    const { name, info } = this.#options;
    const before = this.#sequence;
    const { firstSequence } = await info();
    if (before + 1 < firstSequence) return compactedFailure(name, before, firstSequence);
    return new Failure(`read log ${name}: message ${sequence} follows message ${before}`, {
      code: "log.gap",
      retryable: false,
      hint: "bring back the right log, or go on with this one as it is: routeledger log adopt",
      fields: { log: name, sequence },
    });
  }

  /** Takes nothing more; `next` throws the reason behind what is queued. */
  #end(reason: () => Promise<unknown>): void {
    if (this.#ended) return;
    this.#release();
    reason()
      .catch((error: unknown) => error)
      .then((failure) => {
        this.#failure = failure;
        this.#wake?.();
      });
  }

  #release(): void {
    this.#ended = true;
    for (const clean of this.#cleanUp) clean();
    this.#cleanUp = [];
    clearTimeout(this.#watchdog);
    this.#consumer.drop();
  }

  #unreachable(why: string): Failure {
    const { name } = this.#options;
    return unreachableFailure(`read log ${name} after ${this.#sequence}`, why, name);
  }
}
