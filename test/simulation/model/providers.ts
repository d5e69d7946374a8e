/** Route tables, secrets and extension configs: each reference has one provider, shared by all that refer by it. */
import type { Reference, Resource, ResourceType } from "@routeledger/xds-model";
import type { Mux } from "./mux.ts";
import { type Failure, Subscription } from "./subscription.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface ProvidersOptions {
  readonly mux: Mux;
  readonly clock: VirtualClock;
  readonly type: ResourceType;
  /** Equal keys share a provider (1.3.5). */
  readonly keyOf: (reference: Reference) => string;
  /** Whether a removal ends the waiting: of secrets it does, of route tables not (1.3.6). */
  readonly isReadyWhenRemoved: boolean;
  /** A fetch timeout fired. */
  readonly timedOut: (name: string) => void;
}

/** What one holder has of a provider. */
export interface ProviderHandle {
  readonly name: string;
  /** Undefined until it came. */
  readonly resource: Resource | undefined;
  readonly isReady: boolean;
  /** Subscribes, unless another holder did, and calls back once, at once where it is ready. */
  whenReady(callback: () => void): void;
  release(): void;
}

interface Provider {
  readonly name: string;
  readonly subscription: Subscription;
  readonly waiting: Set<() => void>;
  holders: number;
  isStarted: boolean;
  isReady: boolean;
  resource: Resource | undefined;
}

export class Providers {
  readonly #options: ProvidersOptions;
  readonly #providers = new Map<string, Provider>();

  constructor(options: ProvidersOptions) {
    this.#options = options;
  }

  acquire(reference: Reference, fetchTimeoutMs: number): ProviderHandle {
    const key = this.#options.keyOf(reference);
    const provider = this.#providers.get(key) ?? this.#open(key, reference.name, fetchTimeoutMs);
    provider.holders++;
    const mine = new Set<() => void>();
    let isReleased = false;
    return {
      name: reference.name,
      get resource() {
        return provider.resource;
      },
      get isReady() {
        return provider.isReady;
      },
      whenReady: (callback) => {
        if (provider.isReady) {
          callback();
          return;
        }
        mine.add(callback);
        provider.waiting.add(callback);
        if (provider.isStarted) return;
        provider.isStarted = true;
        provider.subscription.start();
      },
      release: () => {
        if (isReleased) return;
        isReleased = true;
        for (const callback of mine) provider.waiting.delete(callback);
        if (--provider.holders > 0) return;
        this.#providers.delete(key);
        provider.subscription.end();
      },
    };
  }

  #open(key: string, name: string, fetchTimeoutMs: number): Provider {
    const { mux, clock, type, isReadyWhenRemoved, timedOut } = this.#options;
    const subscription = new Subscription({
      mux,
      clock,
      type,
      name,
      fetchTimeoutMs,
      update: (resource) => {
        if (resource !== undefined) provider.resource = resource;
        if (resource !== undefined || isReadyWhenRemoved) makeReady(provider);
      },
      failed: (failure: Failure) => {
        if (failure === "timeout") timedOut(name);
        makeReady(provider);
      },
    });
    const provider: Provider = {
      name,
      subscription,
      waiting: new Set(),
      holders: 0,
      isStarted: false,
      isReady: false,
      resource: undefined,
    };
    this.#providers.set(key, provider);
    return provider;
  }
}

function makeReady(provider: Provider): void {
  provider.isReady = true;
  const waiting = [...provider.waiting];
  provider.waiting.clear();
  for (const callback of waiting) callback();
}
