import assert from "node:assert/strict";
import { fromHex, type JsonObject } from "@routeledger/std";
import { type ResourceType, typeNumbers } from "@routeledger/xds-model";
import { FakeEdge } from "./fake-edge.ts";
import type { RunningApi } from "./running-api.ts";

const nodeGroup = "shop/web";

/** An edge that sends its proxy what the snapshot really holds, so that digests are those of the store. */
export class RejectingEdge extends FakeEdge {
  readonly #running: RunningApi;
  #nonces = 0;

  constructor(running: RunningApi, options: { node?: string; edgeId?: string } = {}) {
    super(running.logs.delivery, options);
    this.#running = running;
  }

  /** The digest of a resource at a revision. */
  async digestOf(type: ResourceType, name: string, sequence: number): Promise<Uint8Array> {
    const xds = await this.#running.store.query("xdsAt", { nodeGroup, sequence, as: "names" });
    const found = xds?.resources.find((resource) => resource.type === type && resource.name === name);
    assert.ok(found, `${type} ${name} at ${sequence}`);
    return fromHex(found.digest);
  }

  /** Sends resources of a type, all of them when none is named. Returns the nonce. */
  async sends(type: ResourceType, sequence: number, ...names: string[]): Promise<string> {
    const xds = await this.#running.store.query("xdsAt", { nodeGroup, sequence, as: "names" });
    const all = (xds?.resources ?? []).filter((resource) => resource.type === type);
    const some = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
    const resources = some.map(({ name, digest }) => ({ name, digest: fromHex(digest) }));
    const nonce = `n${++this.#nonces}`;
    await this.say({ sent: { ...this.#of(type, sequence, nonce), resources, bytes: 10 } });
    return nonce;
  }

  /** Sends resources of a type and lets the proxy acknowledge them. */
  async delivers(type: ResourceType, sequence: number, ...names: string[]): Promise<void> {
    await this.acked(typeNumbers[type], sequence, await this.sends(type, sequence, ...names));
  }

  async deliversAll(sequence: number): Promise<void> {
    for (const type of ["cluster", "endpoint", "listener", "route"] as const)
      await this.delivers(type, sequence);
  }

  /** Sends resources of a type and lets the proxy reject them. */
  async isRefused(
    type: ResourceType,
    sequence: number,
    { names = [], culprits = [], message }: { names?: string[]; culprits?: string[]; message: string },
  ): Promise<void> {
    const nonce = await this.sends(type, sequence, ...names);
    const xds = await this.#running.store.query("xdsAt", { nodeGroup, sequence, as: "names" });
    const resources = (xds?.resources ?? [])
      .filter((resource) => resource.type === type && (names.length === 0 || names.includes(resource.name)))
      .map(({ name, digest }) => ({ name, digest: fromHex(digest) }));
    await this.say({
      nacked: { ...this.#of(type, sequence, nonce), code: 13, message, resources, culprits },
    });
  }

  #of(type: ResourceType, sequence: number, nonce: string) {
    return { type: typeNumbers[type], nonce, version: `1.${sequence}-x`, revision: { epoch: 1, sequence } };
  }
}

/** Resolves when the store has read all that edges said. */
export async function deliveriesRead({ logs, store }: RunningApi): Promise<void> {
  const { lastSequence } = await logs.delivery.info();
  await store.deliveries.waitFor(lastSequence, AbortSignal.timeout(10_000));
}

/** `True Programmed`, or `False REASON MESSAGE`; `-` where it has no such condition. */
export function conditionText(conditions: unknown, type: string): string {
  const found = (conditions as JsonObject[] | undefined)?.find((condition) => condition.type === type);
  return found === undefined ? "-" : `${found.status} ${found.reason} ${found.message}`.trim();
}
