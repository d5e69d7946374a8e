import {
  CommitReader,
  type CommitWriter,
  type EventLog,
  type LogTail,
  type NewCommit,
  xdsKinds,
} from "@routeledger/event-log";
import { assert, compareRevisions, type Revision } from "@routeledger/std";
import { readPublished } from "./recover.ts";
import { overtakenFailure, refuseHigherTerm } from "./term.ts";

export interface XdsOutboxOptions {
  readonly xds: EventLog;
  readonly writer: CommitWriter;
  /** The end of XDS when it was read. */
  readonly tail: LogTail;
  /** What XDS says is published there. */
  readonly publishedTo: Revision;
}

/** The XDS log, to a leader: its tail says what is published, its fence who may publish. */
export class XdsOutbox {
  readonly #options: XdsOutboxOptions;
  #tail: LogTail;
  #publishedTo: Revision;

  constructor(options: XdsOutboxOptions) {
    this.#options = options;
    this.#tail = options.tail;
    this.#publishedTo = options.publishedTo;
  }

  /** Behind the last append. */
  get tail(): LogTail {
    return this.#tail;
  }

  get publishedTo(): Revision {
    return this.#publishedTo;
  }

  /**
   * Appends behind all that was read and appended. Only translators write XDS: a lost fence is another one, of a
   * higher term, or a message without effect.
   * @param publishes the revision up to which the commit publishes; absent: the same as before
   * @throws Failure `translator.deposed`, `translator.overtaken`, and those of the log
   */
  async append(commit: NewCommit, publishes: Revision = this.#publishedTo): Promise<void> {
    const { xds, writer } = this.#options;
    for (;;) {
      refuseHigherTerm(commit.term, this.#tail.term);
      const outcome = await writer.append(commit, this.#tail);
      assert(outcome.outcome !== "tooLarge", `a ${commit.kind} that fits into one commit of XDS`);
      if (outcome.outcome === "appended") {
        this.#tail = outcome.tail;
        this.#publishedTo = publishes;
        return;
      }
      await this.#refuseLoss();
      const { published, tail } = await readPublished(xds);
      refuseHigherTerm(commit.term, tail.term);
      if (compareRevisions(published.revision, this.#publishedTo) !== 0)
        throw overtakenFailure(commit.term, published.revision);
      this.#tail = tail;
    }
  }

  /** What this leader appended or read is there still: else it publishes nothing behind what is left. */
  async #refuseLoss(): Promise<void> {
    const reader = new CommitReader(this.#options.xds, { from: this.#tail, kinds: xdsKinds });
    for await (const _ of reader.read({ until: this.#tail.sequence }));
  }
}
