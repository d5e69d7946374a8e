/**
 * For tests: Envoy as section 1 of the xDS rules says that it behaves, as far as it matters to what a server sends.
 * It throws when the server breaks what P5 promises; `unfinished` says what still waits (P4).
 */
import { codec } from "@routeledger/protos";
import { type Reference, type Resource, type ResourceType, typeUrls } from "@routeledger/xds-model";
import type { DeltaRequest, SotwRequest, StreamResponse } from "./stream-io.ts";
import type { Protocol } from "./stream-state.ts";

const emptySotw = codec("envoy.service.discovery.v3.DiscoveryRequest").decode(new Uint8Array());
const emptyDelta = codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").decode(new Uint8Array());

interface ModelCluster {
  readonly resource: Resource;
  /** A former edition of it serves while this one warms. */
  readonly served: boolean;
  warming: boolean;
  /** It went live without endpoints, since some other response was rejected. */
  empty: boolean;
}

interface ModelListener {
  readonly resource: Resource;
  /** Tables that it cannot go live without. */
  readonly waiting: Set<string>;
}

export class ModelEnvoy {
  readonly protocol: Protocol;
  readonly clusters = new Map<string, ModelCluster>();
  readonly listeners = new Map<string, ModelListener>();
  readonly tables = new Map<string, Resource>();
  readonly endpoints = new Map<string, Resource>();
  /** Digests of endpoints that it rejects. */
  readonly bad = new Set<string>();
  /** Requests on their way to the server, oldest first. */
  requests: (SotwRequest | DeltaRequest)[] = [];
  readonly #draining: Resource[] = [];
  readonly #watched: Record<"endpoint" | "route", Set<string>> = { endpoint: new Set(), route: new Set() };
  readonly #nonces = new Map<ResourceType, string>();
  readonly #versions = new Map<ResourceType, string>();
  /** CDS answers are withheld while a cluster warms (1.3.2). */
  readonly #withheld: StreamResponse[] = [];
  #cdsRequestWaits = false;

  constructor(protocol: Protocol) {
    this.protocol = protocol;
  }

  /** Begins a stream; what was under way on the former one is lost. */
  connect(): void {
    this.requests = [];
    this.#withheld.length = 0;
    this.#nonces.clear();
    this.#cdsRequestWaits = this.#isWarming();
    if (!this.#cdsRequestWaits) this.#first("cluster");
    for (const type of ["endpoint", "listener", "route"] as const) {
      if (type === "listener" || this.#watched[type].size > 0) this.#first(type);
    }
  }

  take(response: StreamResponse): void {
    this.#nonces.set(response.resourceType, response.nonce);
    this.#versions.set(response.resourceType, response.version);
    if (response.resourceType === "cluster") this.#takeClusters(response);
    if (response.resourceType === "endpoint" && this.#rejectsEndpoints(response)) {
      this.#acknowledge(response, "bad endpoints");
      this.#releaseWithheld();
      return;
    }
    if (response.resourceType === "endpoint") this.#takeEndpoints(response);
    if (response.resourceType === "listener") this.#takeListeners(response);
    if (response.resourceType === "route") this.#takeTables(response);
    if (response.resourceType === "cluster" && this.#isWarming()) this.#withheld.push(response);
    else this.#acknowledge(response);
    this.#releaseWithheld();
  }

  get isDraining(): boolean {
    return this.#draining.length > 0;
  }

  /** Listeners that were replaced are gone, and with them their watches. */
  drain(): void {
    if (!this.isDraining) return;
    this.#draining.length = 0;
    this.#watch("route", this.#referenced("route"));
  }

  /** What still waits for the server, for people; empty when all is live. */
  unfinished(): string[] {
    const warming = [...this.clusters]
      .filter(([, { warming }]) => warming)
      .map(([name]) => `cluster ${name} warms`);
    const waiting = [...this.listeners]
      .filter(([, { waiting }]) => waiting.size > 0)
      .map(([name]) => `listener ${name} waits for routes`);
    const empty = [...this.clusters]
      .filter(([, { empty }]) => empty)
      .map(([name]) => `cluster ${name} has no hosts`);
    return [...warming, ...waiting, ...empty];
  }

  #takeClusters({ resources, removed }: StreamResponse): void {
    const present = new Set(resources.map(({ name }) => name));
    const gone =
      this.protocol === "delta" ? removed : [...this.clusters.keys()].filter((name) => !present.has(name));
    for (const name of gone) {
      const user = [...this.tables.values()].find(({ references }) => refersTo(references, "cluster", name));
      if (user !== undefined && this.clusters.has(name))
        throw new Error(`cluster ${name} is removed while table ${user.name} refers to it (rule 49)`);
      this.clusters.delete(name);
    }
    for (const resource of resources) {
      const before = this.clusters.get(resource.name);
      if (before?.resource.digest === resource.digest) continue;
      const served = before !== undefined && (before.served || !before.warming);
      this.clusters.set(resource.name, { resource, served, warming: true, empty: false });
    }
    this.#watch("endpoint", this.#referenced("endpoint"));
  }

  /** A rejected response is not applied at all, and ends the warming of every waiting cluster (1.3.1). */
  #rejectsEndpoints({ resources }: StreamResponse): boolean {
    if (!resources.some(({ digest }) => this.bad.has(digest))) return false;
    for (const cluster of this.clusters.values()) {
      cluster.empty ||= cluster.warming;
      cluster.warming = false;
    }
    return true;
  }

  #takeEndpoints({ resources }: StreamResponse): void {
    for (const resource of resources) {
      if (!this.#watched.endpoint.has(resource.name)) continue;
      this.endpoints.set(resource.name, resource);
      for (const cluster of this.clusters.values()) {
        if (!refersTo(cluster.resource.references, "endpoint", resource.name)) continue;
        cluster.warming = false;
        cluster.empty = false;
      }
    }
  }

  #takeListeners({ resources, removed }: StreamResponse): void {
    const present = new Set(resources.map(({ name }) => name));
    const gone =
      this.protocol === "delta" ? removed : [...this.listeners.keys()].filter((name) => !present.has(name));
    for (const name of gone) this.#retire(name);
    for (const resource of resources) {
      if (this.listeners.get(resource.name)?.resource.digest === resource.digest) continue;
      // Only listeners whose reference has the very same bytes share a table that is there already (1.3.5).
      const shared = [...this.listeners.values()].flatMap((other) =>
        other.resource.references.filter(({ name }) => !other.waiting.has(name)),
      );
      const waiting = resource.references.filter(
        ({ type, name, digest }) =>
          type === "route" && !shared.some((known) => known.name === name && known.digest === digest),
      );
      this.#retire(resource.name);
      this.listeners.set(resource.name, { resource, waiting: new Set(waiting.map(({ name }) => name)) });
    }
    this.#watch("route", this.#referenced("route"));
  }

  #retire(name: string): void {
    const old = this.listeners.get(name);
    if (old !== undefined) this.#draining.push(old.resource);
    this.listeners.delete(name);
  }

  #takeTables({ resources, version }: StreamResponse): void {
    for (const resource of resources) {
      if (!this.#watched.route.has(resource.name)) continue;
      for (const { type, name } of resource.references) {
        const cluster = this.clusters.get(name);
        // Until CDS is asked for on this stream the server cannot order it: that is for the gates of rule 48.
        if (type !== "cluster" || !this.#nonces.has("cluster")) continue;
        // A table that retires is for listeners that go; its clusters may have come and gone unseen.
        if (version.includes("+")) continue;
        // The endpoints of the first cluster of all come when they are asked for (rule 11), so this too is for the gates.
        const isFirst = [...this.clusters.values()].every(({ warming }) => warming);
        if (cluster === undefined || (cluster.warming && !cluster.served && !isFirst))
          throw new Error(`table ${resource.name} refers to cluster ${name}, which is not usable (rule 47)`);
      }
      this.tables.set(resource.name, resource);
      for (const { waiting } of this.listeners.values()) waiting.delete(resource.name);
    }
  }

  #isWarming(): boolean {
    return [...this.clusters.values()].some(({ warming }) => warming);
  }

  #releaseWithheld(): void {
    if (this.#isWarming()) return;
    // SotW never answers a response that was superseded meanwhile.
    const answered = this.protocol === "sotw" ? this.#withheld.slice(-1) : this.#withheld;
    for (const response of answered) this.#acknowledge(response);
    this.#withheld.length = 0;
    if (this.#cdsRequestWaits) this.#first("cluster");
    this.#cdsRequestWaits = false;
  }

  #referenced(type: "endpoint" | "route"): Set<string> {
    const holders =
      type === "endpoint"
        ? [...this.clusters.values()].map(({ resource }) => resource)
        : [...[...this.listeners.values()].map(({ resource }) => resource), ...this.#draining];
    const names = holders.flatMap(({ references }) =>
      references.filter((reference) => reference.type === type),
    );
    return new Set(names.map(({ name }) => name));
  }

  /** Delta says only first and last watches (1.2.1); SotW repeats itself at every change (1.1.2). */
  #watch(type: "endpoint" | "route", wanted: Set<string>): void {
    const before = this.#watched[type];
    const subscribe = [...wanted].filter((name) => !before.has(name));
    const unsubscribe = [...before].filter((name) => !wanted.has(name));
    this.#watched[type] = wanted;
    for (const name of unsubscribe) (type === "endpoint" ? this.endpoints : this.tables).delete(name);
    if (this.protocol === "sotw") {
      if (before.size + wanted.size > 0) this.#sotw(type);
      return;
    }
    if (subscribe.length + unsubscribe.length === 0) return;
    const request = { resourceNamesSubscribe: subscribe, resourceNamesUnsubscribe: unsubscribe };
    this.requests.push({ ...emptyDelta, ...request, typeUrl: typeUrls[type] });
  }

  #acknowledge({ resourceType: type, nonce }: StreamResponse, error?: string): void {
    const errorDetail = error === undefined ? undefined : { code: 3, message: error, details: [] };
    if (this.protocol === "sotw") this.#sotw(type, nonce, errorDetail);
    else this.requests.push({ ...emptyDelta, typeUrl: typeUrls[type], responseNonce: nonce, errorDetail });
  }

  #sotw(
    type: ResourceType,
    responseNonce = this.#nonces.get(type) ?? "",
    errorDetail?: SotwRequest["errorDetail"],
  ): void {
    const versionInfo = this.#versions.get(type) ?? "";
    const resourceNames = type === "endpoint" || type === "route" ? [...this.#watched[type]] : [];
    this.requests.push({
      ...emptySotw,
      typeUrl: typeUrls[type],
      node,
      resourceNames,
      versionInfo,
      responseNonce,
      errorDetail,
    });
  }

  #first(type: "cluster" | "endpoint" | "listener" | "route"): void {
    if (this.protocol === "sotw") {
      this.#sotw(type, "");
      return;
    }
    const held = this.#held(type).map(({ name, version }) => [name, version]);
    this.requests.push({
      ...emptyDelta,
      node,
      typeUrl: typeUrls[type],
      resourceNamesSubscribe: type === "endpoint" || type === "route" ? [...this.#watched[type]] : [],
      initialResourceVersions: Object.fromEntries(held),
    });
  }

  #held(type: "cluster" | "endpoint" | "listener" | "route"): Resource[] {
    if (type === "endpoint") return [...this.endpoints.values()];
    // Names still waiting have no version (1.2.5).
    const waiting = new Set([...this.listeners.values()].flatMap((each) => [...each.waiting]));
    if (type === "route") return [...this.tables.values()].filter(({ name }) => !waiting.has(name));
    const holders = type === "cluster" ? this.clusters : this.listeners;
    return [...holders.values()].map(({ resource }) => resource);
  }
}

const node = codec("envoy.config.core.v3.Node").decode(
  codec("envoy.config.core.v3.Node").encode({ id: "model", cluster: "default/gateway" }),
);

function refersTo(references: readonly Reference[], type: ResourceType, name: string): boolean {
  return references.some((reference) => reference.type === type && reference.name === name);
}
