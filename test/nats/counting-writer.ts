import { randomBytes } from "node:crypto";
import {
  CommitReader,
  CommitWriter,
  configKinds,
  type EventLog,
  type CommitReader as Reader,
} from "@routeledger/event-log";
import { newCommit } from "@routeledger/event-log/testing";
import { Failure, systemClock } from "@routeledger/std";

const retryEveryMs = 50;
/** Of two writers at full speed the one that is further from the leader loses every race. */
const pauseMs = 10;

/** Every so many commits one of several chunks: an atomic batch. */
const largeEvery = 5;
const largePayload = new Uint8Array(1_100_000).fill(7);

/**
 * Appends commits whose summaries count up, one behind the other, whatever happens to the servers: an append that is
 * refused is tried again, one whose outcome is unknown is looked up first. Each number is acknowledged at most once.
 */
export class CountingWriter {
  readonly name: string;
  readonly #log: EventLog;
  readonly #reader: Reader;
  readonly #writer: CommitWriter;
  readonly acknowledged: string[] = [];
  #listeners: (() => void)[] = [];
  #stopped = false;
  #running: Promise<void> | undefined;

  /** @param name what the summaries begin with: `name 1`, `name 2` */
  constructor(log: EventLog, name: string) {
    this.#log = log;
    this.name = name;
    this.#reader = new CommitReader(log, { from: undefined, kinds: configKinds });
    this.#writer = new CommitWriter(log, { clock: systemClock, randomBytes });
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when so many more commits are acknowledged. */
  async more(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    while (this.acknowledged.length < wanted) {
      const next = new Promise<void>((resolve) => this.#listeners.push(resolve));
      await Promise.race([
        next,
        this.#running!.then(() => Promise.reject(new Error("the writer has ended"))),
      ]);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const stored = new Set<string>();
    for (let number = 1; !this.#stopped; ) {
      const summary = `${this.name} ${number}`;
      try {
        const { lastSequence } = await this.#log.info();
        for await (const item of this.#reader.read({ until: lastSequence })) {
          if (item.type === "commit") stored.add(item.commit.summary);
        }
        if (!stored.has(summary)) {
          const commit = newCommit({ summary, ...(number % largeEvery === 0 && { payload: largePayload }) });
          const outcome = await this.#writer.append(commit, this.#reader.tail);
          if (outcome.outcome !== "appended") continue;
        }
        this.acknowledged.push(summary);
        number++;
        for (const listener of this.#listeners.splice(0)) listener();
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      } catch (error) {
        if (!(error instanceof Failure && error.retryable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryEveryMs));
      }
    }
  }
}

/** The summaries of all commits of a log, in order. */
export async function summariesOf(log: EventLog): Promise<string[]> {
  const summaries: string[] = [];
  const { lastSequence } = await log.info();
  const reader = new CommitReader(log, { from: undefined, kinds: configKinds });
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type === "commit") summaries.push(item.commit.summary);
  }
  return summaries;
}
