/** Envoy's cluster manager: active and warming clusters, and what of CDS waits for them (1.3.1, 1.3.2). */
import type { Resource } from "@routeledger/xds-model";
import { type ClusterSurroundings, ModelCluster } from "./model-cluster.ts";
import { Rejection } from "./mux.ts";

export interface ModelClustersOptions extends ClusterSurroundings {
  readonly isSotw: boolean;
  /** All clusters of the first response are warm: called once. */
  readonly initialized: () => void;
}

export class ModelClusters {
  readonly active = new Map<string, ModelCluster>();
  readonly warming = new Map<string, ModelCluster>();
  readonly #options: ModelClustersOptions;
  /** At start-up CDS is not paused while clusters warm. */
  #isInitialized = false;
  #hasFirst = false;
  #resume: (() => void) | undefined;

  constructor(options: ModelClustersOptions) {
    this.#options = options;
    options.mux.watch("cluster", undefined, {
      update: (resources, removed) => this.#update(resources, removed),
      rejected: () => this.#first(),
    });
  }

  /** Requests of endpoints and secrets wait until all is applied, then come as one (1.1.3). */
  #update(resources: readonly Resource[], removed: readonly string[]): void {
    const { mux, isSotw } = this.#options;
    const resume = mux.pause(["endpoint", "secret"]);
    const present = new Set<string>();
    const errors: string[] = [];
    for (const resource of resources) {
      const { name } = resource;
      const error = present.has(name) ? `duplicate cluster ${name}` : this.#apply(resource);
      if (error !== undefined) errors.push(error);
      present.add(name);
    }
    const all = new Set([...this.active.keys(), ...this.warming.keys()]);
    for (const name of isSotw ? [...all].filter((known) => !present.has(known)) : removed) this.#remove(name);
    resume();
    this.#first();
    if (errors.length > 0) throw new Rejection(`Error adding/updating cluster(s) ${errors.join(", ")}`);
  }

  #first(): void {
    if (this.#hasFirst) return;
    this.#hasFirst = true;
    const resume = this.#options.mux.pause(["endpoint", "secret"]);
    for (const cluster of [...this.warming.values()]) this.#start(cluster);
    resume();
    this.#finishStart();
  }

  /** Returns why it cannot be built. */
  #apply(resource: Resource): string | undefined {
    const { name, digest } = resource;
    const warming = this.warming.get(name);
    const newest = warming ?? this.active.get(name);
    if (newest?.resource.digest === digest) return undefined;
    const cluster = new ModelCluster(resource, this.#options);
    if (cluster.facts.buildError !== undefined) {
      cluster.end();
      return `${name}: ${cluster.facts.buildError}`;
    }
    this.warming.set(name, cluster);
    if (this.#hasFirst) this.#start(cluster);
    // The former edition goes after the new one watches, so a name that stays is not unsubscribed.
    warming?.end();
    this.#count();
    return undefined;
  }

  #start(cluster: ModelCluster): void {
    const { name } = cluster.resource;
    cluster.start(() => {
      this.warming.delete(name);
      const former = this.active.get(name);
      this.active.set(name, cluster);
      former?.end();
      this.#forgetAssignment(former);
      this.#count();
      this.#finishStart();
    });
  }

  #remove(name: string): void {
    for (const editions of [this.active, this.warming]) {
      const cluster = editions.get(name);
      editions.delete(name);
      cluster?.end();
      this.#forgetAssignment(cluster);
    }
    this.#count();
    this.#finishStart();
  }

  #forgetAssignment(cluster: ModelCluster | undefined): void {
    const name = cluster?.facts.endpoints?.name;
    if (name === undefined) return;
    const others = [...this.active.values(), ...this.warming.values()];
    if (others.some(({ facts }) => facts.endpoints?.name === name)) return;
    this.#options.assignments.delete(name);
  }

  /** CDS requests, ACKs among them, wait while any cluster warms (1.3.2). */
  #count(): void {
    if (!this.#isInitialized) return;
    if (this.warming.size > 0) {
      this.#resume ??= this.#options.mux.pause(["cluster"]);
      return;
    }
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  #finishStart(): void {
    if (this.#isInitialized || !this.#hasFirst || this.warming.size > 0) return;
    this.#isInitialized = true;
    this.#options.initialized();
  }
}
