import type { SnapshotStore, StoredObject } from "@routeledger/snapshot-store";
import type { JsonObject } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";
import type { ConfigDoor } from "./config-door.ts";
import { inBisectOrder } from "./group-delivery.ts";
import { objectAnswer, publishedStatus } from "./object-answer.ts";
import { parseMoment } from "./parse-moment.ts";
import { Programmed } from "./programmed.ts";
import type { ReadSide } from "./read-side.ts";
import { findKind } from "./state-kinds.ts";

/** One object, by any of its kind's names; the namespace of a cluster-scoped one is not looked at. */
export interface ObjectWords {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Objects as people get them, with their status: now, or at a moment. */
export class ObjectReader {
  readonly #store: SnapshotStore;
  readonly #read: ReadSide;
  readonly #door: ConfigDoor;

  constructor(store: SnapshotStore, read: ReadSide, door: ConfigDoor) {
    this.#store = store;
    this.#read = read;
    this.#door = door;
  }

  /** @throws Failure `notFound`, `unknownKind`, `badMoment`, `compacted`, `behind` */
  async find(words: ObjectWords, at: string | undefined): Promise<JsonObject> {
    const { group, kind, scope, plural } = await findKind(words.kind, this.#door);
    const sequence = await this.#sequenceOf(at);
    const namespace = scope === "Cluster" ? "" : words.namespace;
    const stored = await this.#store.query("objectAt", {
      ref: { group, kind, namespace, name: words.name },
      sequence,
    });
    if (stored !== undefined) return this.#answer(stored, this.#programmed(at));
    const resource = group === "" ? plural : `${plural}.${group}`;
    throw apiFailure("notFound", `${resource} "${words.name}" not found`);
  }

  /** A `List` of a kind, of one namespace or of all. @throws as `find` */
  async list(
    words: { readonly kind: string; readonly namespace: string | undefined },
    at: string | undefined,
  ): Promise<JsonObject> {
    const { group, kind, scope } = await findKind(words.kind, this.#door);
    const sequence = await this.#sequenceOf(at);
    const namespace = scope === "Cluster" ? undefined : words.namespace;
    const stored = await this.#store.query("objectsAt", {
      kind: { group, kind },
      sequence,
      ...(namespace !== undefined && { namespace }),
    });
    const programmed = this.#programmed(at);
    const items: JsonObject[] = [];
    const byRevision = stored.toSorted((a, b) => a.revision.sequence - b.revision.sequence);
    const answers = new Map<StoredObject, JsonObject>();
    for (const object of inBisectOrder(byRevision))
      answers.set(object, await this.#answer(object, programmed));
    for (const object of stored) items.push(answers.get(object) ?? {});
    return { apiVersion: "v1", kind: "List", items };
  }

  /** Where the store stands for a request: at a moment, or at the newest event. */
  async #sequenceOf(at: string | undefined): Promise<number> {
    const moment = parseMoment(at ?? "@head");
    await this.#read.settledWithStatuses(moment);
    // Before the first event there is nothing, which is no error when nobody asked for a moment.
    if (at === undefined && (await this.#store.query("head", {})).revision.sequence === 0) return 0;
    return (await this.#read.at(moment)).sequence;
  }

  /** Proxies tell of now; what they had acknowledged at a moment in the past is not joined. */
  async #answer(stored: StoredObject, programmed: Programmed | undefined): Promise<JsonObject> {
    return objectAnswer(stored, programmed ? await programmed.status(stored) : publishedStatus(stored));
  }

  #programmed(at: string | undefined): Programmed | undefined {
    return at === undefined ? new Programmed(this.#store) : undefined;
  }
}
