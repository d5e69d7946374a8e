import type { Resource } from "@routeledger/xds-model";
import type { Mux } from "./mux.ts";
import type { ProviderHandle, Providers } from "./providers.ts";
import { factsOf, type ResourceFacts } from "./resource-facts.ts";
import { type Failure, Subscription } from "./subscription.ts";
import type { Timer, VirtualClock } from "./virtual-clock.ts";

export interface ClusterSurroundings {
  readonly mux: Mux;
  readonly clock: VirtualClock;
  readonly secrets: Providers;
  /** How long the first check of a host's health takes, milliseconds. */
  readonly healthCheckMs: number;
  /** Assignments by name, as long as someone watches them: what a timeout falls back to (1.3.3). */
  readonly assignments: Map<string, Resource>;
  readonly timedOut: (name: string, isCached: boolean) => void;
  readonly wentLive: (cluster: ModelCluster) => void;
}

/** How long workers take to follow the main thread, milliseconds. */
const workersMs = 1;

/** One edition of a cluster: warms until it has endpoints, then secrets, then checked hosts. */
export class ModelCluster {
  readonly resource: Resource;
  readonly facts: ResourceFacts;
  readonly createdMs: number;
  /** What it sends requests to; undefined where it went live without. */
  assignment: Resource | undefined;
  isLive = false;
  readonly #surroundings: ClusterSurroundings;
  readonly #secrets: readonly ProviderHandle[];
  readonly #subscription: Subscription | undefined;
  #live: (() => void) | undefined;
  #hasEndpoints = false;
  #check: Timer | undefined;
  #isEnded = false;

  constructor(resource: Resource, surroundings: ClusterSurroundings) {
    this.resource = resource;
    this.facts = factsOf(resource);
    this.#surroundings = surroundings;
    this.createdMs = surroundings.clock.nowMs;
    const { secrets, endpoints, fetchTimeoutMs } = this.facts;
    this.#secrets = secrets.map((reference) => surroundings.secrets.acquire(reference, fetchTimeoutMs));
    if (endpoints === undefined) return;
    this.#subscription = new Subscription({
      mux: surroundings.mux,
      clock: surroundings.clock,
      type: "endpoint",
      name: endpoints.name,
      fetchTimeoutMs,
      update: (assignment) => this.#update(assignment),
      failed: (failure) => this.#fail(endpoints.name, failure),
    });
  }

  /** What it still waits for, for people; empty when live. */
  get waitsFor(): string {
    if (this.isLive) return "";
    if (!this.#hasEndpoints) return `endpoints ${this.facts.endpoints?.name}`;
    const secret = this.#secrets.find(({ isReady }) => !isReady);
    return secret === undefined ? "its health check" : `secret ${secret.name}`;
  }

  get secretHandles(): readonly ProviderHandle[] {
    return this.#secrets;
  }

  get lacksSecret(): boolean {
    return this.#secrets.some(({ resource }) => resource === undefined);
  }

  start(live: () => void): void {
    this.#live = live;
    if (this.#subscription === undefined) this.#endpointsDone();
    else this.#subscription.start();
  }

  end(): void {
    this.#isEnded = true;
    this.#check?.cancel();
    this.#subscription?.end();
    const release = (): void => {
      for (const secret of this.#secrets) secret.release();
    };
    // Workers that had it live let go of its TLS context a moment later.
    if (this.isLive) this.#surroundings.clock.after(workersMs, release);
    else release();
  }

  /** Endpoints that do not exist leave a live cluster its hosts, and end a warming one's wait (1.3.4). */
  #update(assignment: Resource | undefined): void {
    if (assignment !== undefined) {
      this.assignment = assignment;
      this.#surroundings.assignments.set(assignment.name, assignment);
    }
    this.#endpointsDone();
  }

  #fail(name: string, failure: Failure): void {
    if (failure === "timeout") {
      const cached = this.#surroundings.assignments.get(name);
      this.#surroundings.timedOut(name, cached !== undefined);
      this.assignment = cached;
    }
    this.#endpointsDone();
  }

  #endpointsDone(): void {
    if (this.#hasEndpoints) return;
    this.#hasEndpoints = true;
    let waiting = this.#secrets.length + 1;
    const ready = (): void => {
      if (--waiting === 0) this.#secretsDone();
    };
    for (const secret of this.#secrets) secret.whenReady(ready);
    ready();
  }

  #secretsDone(): void {
    if (this.#isEnded) return;
    const hasHosts = this.assignment !== undefined && factsOf(this.assignment).hasHosts;
    if (!this.facts.isHealthChecked || !hasHosts) this.#goLive();
    else this.#check = this.#surroundings.clock.after(this.#surroundings.healthCheckMs, () => this.#goLive());
  }

  #goLive(): void {
    if (this.#isEnded) return;
    this.isLive = true;
    this.#live?.();
    this.#surroundings.wentLive(this);
  }
}
