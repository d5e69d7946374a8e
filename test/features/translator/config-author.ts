import { randomBytes } from "node:crypto";
import { encodeChangeSet, type ObjectChange, parseApiVersion, refOf } from "@routeledger/config-model";
import { CommitReader, CommitWriter, configKinds, type EventLog, type LogTail } from "@routeledger/event-log";
import { canonicalJson, type JsonObject, systemClock } from "@routeledger/std";

/** Appends change sets to a CONFIG log as an api does: behind whatever is there, again when it lost the race. */
export class ConfigAuthor {
  readonly #log: EventLog;
  readonly #reader: CommitReader;
  readonly #writer: CommitWriter;

  /** @param from where it begins to read; absent: at the beginning */
  constructor(log: EventLog, from?: LogTail) {
    this.#log = log;
    this.#reader = new CommitReader(log, { from, kinds: configKinds });
    this.#writer = new CommitWriter(log, { clock: systemClock, randomBytes });
  }

  /** Returns the sequence of the event. */
  async change(changes: readonly ObjectChange[]): Promise<number> {
    const payload = encodeChangeSet(changes);
    const commit = {
      kind: "ChangeSet",
      schemaVersion: 1,
      term: 0,
      actor: "test",
      source: "test",
      summary: "test",
      payload,
    };
    for (;;) {
      const { lastSequence } = await this.#log.info();
      for await (const _ of this.#reader.read({ until: lastSequence }));
      const outcome = await this.#writer.append(commit, this.#reader.tail);
      if (outcome.outcome === "appended") return outcome.tail.sequence;
    }
  }

  apply(...objects: readonly JsonObject[]): Promise<number> {
    return this.change(objects.map(applied));
  }

  delete(...objects: readonly JsonObject[]): Promise<number> {
    return this.change(
      objects.map((object): ObjectChange => ({ type: "deleted", ...refOf(object), source: "test" })),
    );
  }
}

export function applied(object: JsonObject): ObjectChange {
  const { version } = parseApiVersion(String(object.apiVersion));
  return { type: "applied", ...refOf(object), version, json: canonicalJson(object), source: "test" };
}
