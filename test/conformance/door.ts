import { randomBytes, randomUUID } from "node:crypto";
import {
  type ConfigState,
  completeObject,
  decodeConfigEvent,
  displayRef,
  emptyConfigState,
  encodeChangeSet,
  evolve,
  getObject,
  type ObjectChange,
  refOf,
  validateObject,
} from "@routeledger/config-model";
import { CommitReader, CommitWriter, configKinds, type EventLog } from "@routeledger/event-log";
import { type JsonObject, systemClock } from "@routeledger/std";

const source = "conformance";

/** Puts the suite's objects into CONFIG as the api does: validated, completed, one event a call. */
export class Door {
  readonly #reader: CommitReader;
  readonly #writer: CommitWriter;
  #state: ConfigState = emptyConfigState;

  readonly #config: EventLog;

  constructor(config: EventLog) {
    this.#config = config;
    this.#reader = new CommitReader(config, { from: undefined, kinds: configKinds });
    this.#writer = new CommitWriter(config, { clock: systemClock, randomBytes });
  }

  /** All objects, as far as this door has read CONFIG. */
  get state(): ConfigState {
    return this.#state;
  }

  /** Returns the sequence of the event. Throws where an object is invalid, naming the field. */
  apply(objects: readonly JsonObject[]): Promise<number> {
    const valid = objects.map((input) => {
      const { object, errors } = validateObject(input);
      if (errors.length > 0)
        throw new Error(`${displayRef(refOf(input))} is refused: ${JSON.stringify(errors[0])}`);
      return object;
    });
    return this.#append(() =>
      valid
        .map((object) =>
          completeObject(object, {
            existing: getObject(this.#state, refOf(object)),
            source,
            uid: randomUUID(),
            timeMs: systemClock.wallMs(),
          }),
        )
        .filter((change) => change !== "unchanged"),
    );
  }

  /** Objects that are not there are passed over. Returns the sequence of the event. */
  delete(objects: readonly JsonObject[]): Promise<number> {
    return this.#append(() =>
      objects
        .map(refOf)
        .filter((ref) => getObject(this.#state, ref) !== undefined)
        .map((ref): ObjectChange => ({ type: "deleted", ...ref, source })),
    );
  }

  /** Decides on the newest state; again when another writer was first. */
  async #append(decide: () => ObjectChange[]): Promise<number> {
    for (;;) {
      await this.#readOn();
      const changes = decide();
      if (changes.length === 0) return this.#reader.tail.sequence;
      const payload = encodeChangeSet(changes);
      const commit = {
        kind: "ChangeSet",
        schemaVersion: 1,
        term: 0,
        actor: source,
        source,
        summary: "",
        payload,
      };
      const outcome = await this.#writer.append(commit, this.#reader.tail);
      if (outcome.outcome === "tooLarge")
        throw new Error(`a change set of ${outcome.bytes} bytes is too large`);
      if (outcome.outcome !== "appended") continue;
      await this.#readOn();
      return outcome.tail.sequence;
    }
  }

  async #readOn(): Promise<void> {
    const { lastSequence } = await this.#config.info();
    for await (const item of this.#reader.read({ until: lastSequence })) {
      if (item.type === "commit") this.#state = evolve(this.#state, decodeConfigEvent(item.commit));
    }
  }
}
