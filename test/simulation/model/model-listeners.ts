/** Envoy's listener manager: active, warming and draining listeners (1.3.5, 1.3.7, 1.3.9). */
import type { Resource } from "@routeledger/xds-model";
import { type Mux, Rejection } from "./mux.ts";
import type { ProviderHandle, Providers } from "./providers.ts";
import { factsOf, type ResourceFacts } from "./resource-facts.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface ModelListener {
  readonly resource: Resource;
  readonly facts: ResourceFacts;
  readonly createdMs: number;
  readonly tables: readonly ProviderHandle[];
  readonly others: readonly ProviderHandle[];
  isEnded: boolean;
}

export interface ModelListenersOptions {
  readonly mux: Mux;
  readonly clock: VirtualClock;
  readonly isSotw: boolean;
  readonly tables: Providers;
  readonly secrets: Providers;
  readonly extensionConfigs: Providers;
  /** How long a listener that was replaced goes on, milliseconds. */
  readonly drainMs: number;
}

export class ModelListeners {
  readonly active = new Map<string, ModelListener>();
  readonly warming = new Map<string, ModelListener>();
  readonly draining = new Set<ModelListener>();
  readonly #options: ModelListenersOptions;

  constructor(options: ModelListenersOptions) {
    this.#options = options;
  }

  /** Envoy asks for listeners once its first clusters are warm. */
  start(): void {
    this.#options.mux.watch("listener", undefined, {
      update: (resources, removed) => this.#update(resources, removed),
      rejected: () => undefined,
    });
  }

  /** Removals go first: a new listener may take the address of one that goes. */
  #update(resources: readonly Resource[], removed: readonly string[]): void {
    const { mux, isSotw } = this.#options;
    const resume = mux.pause(["route", "secret"]);
    const present = new Set(resources.map(({ name }) => name));
    const all = new Set([...this.active.keys(), ...this.warming.keys()]);
    for (const name of isSotw ? [...all].filter((known) => !present.has(known)) : removed) this.#remove(name);
    const errors = resources.flatMap((resource) => this.#apply(resource) ?? []);
    resume();
    if (errors.length > 0) throw new Rejection(`Error adding/updating listener(s) ${errors.join(", ")}`);
  }

  /** Returns why it cannot be built. */
  #apply(resource: Resource): string | undefined {
    const { name, digest } = resource;
    const active = this.active.get(name);
    const warming = this.warming.get(name);
    if (active?.resource.digest === digest) {
      // Back to what is live: the edition that warms is given up.
      this.warming.delete(name);
      if (warming !== undefined) end(warming);
      return undefined;
    }
    if (warming?.resource.digest === digest) return undefined;
    const facts = factsOf(resource);
    if (facts.buildError !== undefined) return `${name}: ${facts.buildError}`;
    const listener = this.#build(resource, facts);
    this.warming.set(name, listener);
    if (warming !== undefined) end(warming);
    this.#initialize(listener);
    return undefined;
  }

  #build(resource: Resource, facts: ResourceFacts): ModelListener {
    const { tables, secrets, extensionConfigs, clock } = this.#options;
    const { fetchTimeoutMs } = facts;
    return {
      resource,
      facts,
      createdMs: clock.nowMs,
      tables: facts.tables.map((reference) => tables.acquire(reference, fetchTimeoutMs)),
      others: [
        ...facts.secrets.map((reference) => secrets.acquire(reference, fetchTimeoutMs)),
        ...facts.extensionConfigs.map((reference) => extensionConfigs.acquire(reference, fetchTimeoutMs)),
      ],
      isEnded: false,
    };
  }

  #initialize(listener: ModelListener): void {
    const awaited = [...listener.tables, ...listener.others];
    let waiting = awaited.length + 1;
    const ready = (): void => {
      if (--waiting === 0 && !listener.isEnded) this.#goLive(listener);
    };
    for (const each of awaited) each.whenReady(ready);
    ready();
  }

  #goLive(listener: ModelListener): void {
    const { name } = listener.resource;
    this.warming.delete(name);
    const former = this.active.get(name);
    this.active.set(name, listener);
    if (former !== undefined) this.#drain(former);
  }

  #remove(name: string): void {
    const warming = this.warming.get(name);
    this.warming.delete(name);
    if (warming !== undefined) end(warming);
    const active = this.active.get(name);
    this.active.delete(name);
    if (active !== undefined) this.#drain(active);
  }

  /** Its tables and secrets are watched until then (1.3.7). */
  #drain(listener: ModelListener): void {
    this.draining.add(listener);
    this.#options.clock.after(this.#options.drainMs, () => {
      this.draining.delete(listener);
      end(listener);
    });
  }
}

function end(listener: ModelListener): void {
  listener.isEnded = true;
  for (const handle of [...listener.tables, ...listener.others]) handle.release();
}
