import type { ResourceType } from "@routeledger/xds-model";

/** Nonces of one type that are kept at most: as many as the stream keeps. */
const noncesMax = 64;

/** When the responses of one stream were sent that the client has not answered yet. Monotonic milliseconds. */
export class Unanswered {
  readonly #types = new Map<ResourceType, Map<string, number>>();

  sent(type: ResourceType, nonce: string, atMs: number): void {
    const nonces = this.#types.get(type) ?? new Map<string, number>();
    this.#types.set(type, nonces);
    nonces.set(nonce, atMs);
    const [oldest] = nonces.keys();
    if (nonces.size > noncesMax && oldest !== undefined) nonces.delete(oldest);
  }

  /** Returns when it was sent; what was sent before it needs no answer any more. Undefined for an unknown nonce. */
  answered(type: ResourceType, nonce: string): number | undefined {
    const nonces = this.#types.get(type);
    const atMs = nonces?.get(nonce);
    if (nonces === undefined || atMs === undefined) return undefined;
    for (const older of nonces.keys()) {
      nonces.delete(older);
      if (older === nonce) break;
    }
    return atMs;
  }

  /** When the oldest was sent. */
  get sinceMs(): number | undefined {
    const oldest = [...this.#types.values()].flatMap((nonces) => nonces.values().take(1).toArray());
    return oldest.length === 0 ? undefined : Math.min(...oldest);
  }
}
