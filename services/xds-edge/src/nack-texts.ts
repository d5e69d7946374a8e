import type { ResourceType } from "@routeledger/xds-model";
import type { NackedFact } from "@routeledger/xds-stream";

/** What a client said of a resource that it rejected. */
export interface NackText {
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** Names of one stream that are remembered; the oldest go. */
const namesMax = 1_000;
/** Characters of a message. */
const messageMax = 8_192;

/** Why the client of one stream rejected what it rejected: the last words of each resource. */
export class NackTexts {
  readonly #texts = new Map<string, NackText>();

  /** Where it is known which resources were wrong the words are theirs, else of all that was rejected. */
  add({ resourceType, message, resources, culprits }: NackedFact, atMs: number): void {
    const text = { message: message.slice(0, messageMax), atMs };
    const names = culprits.length > 0 ? culprits : resources.map(({ name }) => name);
    for (const name of names.slice(0, namesMax)) {
      const key = keyOf(resourceType, name);
      this.#texts.delete(key);
      this.#texts.set(key, text);
    }
    for (const key of this.#texts.keys()) {
      if (this.#texts.size <= namesMax) return;
      this.#texts.delete(key);
    }
  }

  get(type: ResourceType, name: string): NackText | undefined {
    return this.#texts.get(keyOf(type, name));
  }
}

function keyOf(type: ResourceType, name: string): string {
  return `${type} ${name}`;
}
