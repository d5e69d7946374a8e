/**
 * Envoy as section 1 of the xDS rules says that it behaves, as far as a management server sees it or may harm it:
 * both multiplexers, warming clusters and listeners, shared tables and secrets, drains, on a virtual clock. What it
 * sends is compared with real Envoys (`scenarios.ts`). Left out: TTL, on-demand clusters, scoped routes, workers.
 */
import type { Resource, ResourceType } from "@routeledger/xds-model";
import type { Protocol } from "@routeledger/xds-stream";
import { DeltaMux } from "./delta-mux.ts";
import { proxyNode } from "./empty-requests.ts";
import type { ModelCluster } from "./model-cluster.ts";
import { ModelClusters } from "./model-clusters.ts";
import { ModelListeners } from "./model-listeners.ts";
import type { Mux, ReceivedResponse, XdsRequest } from "./mux.ts";
import { Providers } from "./providers.ts";
import { SotwMux } from "./sotw-mux.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface ModelEnvoyOptions {
  readonly protocol: Protocol;
  readonly clock: VirtualClock;
  readonly nodeId: string;
  readonly drainMs: number;
  readonly healthCheckMs: number;
  /** Whether the fetch timeout of a reference to a table tells providers apart: before Envoy 1.30 it did (1.3.5). */
  readonly isRdsTimeoutKey: boolean;
  /** A cluster ended to warm. */
  readonly wentLive?: (cluster: ModelCluster) => void;
}

/** An `initial_fetch_timeout` that fired. */
export interface FetchTimeout {
  readonly type: ResourceType;
  readonly name: string;
  readonly atMs: number;
  /** `assignment_use_cached`. */
  readonly isCached: boolean;
}

export class ModelEnvoy {
  readonly clusters: ModelClusters;
  readonly listeners: ModelListeners;
  readonly fetchTimeouts: FetchTimeout[] = [];
  readonly #mux: Mux;

  constructor(options: ModelEnvoyOptions) {
    const { protocol, clock, nodeId, drainMs, healthCheckMs, isRdsTimeoutKey } = options;
    const node = proxyNode(nodeId);
    const isSotw = protocol === "sotw";
    const mux: Mux = isSotw ? new SotwMux(node) : new DeltaMux(node);
    this.#mux = mux;
    const note = (type: ResourceType, name: string, isCached = false): void =>
      void this.fetchTimeouts.push({ type, name, atMs: clock.nowMs, isCached });
    const secrets = new Providers({
      mux,
      clock,
      type: "secret",
      keyOf: ({ name, digest }) => `${name} ${digest}`,
      isReadyWhenRemoved: true,
      timedOut: (name) => note("secret", name),
    });
    const tables = new Providers({
      mux,
      clock,
      type: "route",
      keyOf: ({ name, digest }) => (isRdsTimeoutKey ? `${name} ${digest}` : name),
      isReadyWhenRemoved: false,
      timedOut: (name) => note("route", name),
    });
    const extensionConfigs = new Providers({
      mux,
      clock,
      type: "extensionConfig",
      keyOf: ({ name, digest }) => `${name} ${digest}`,
      isReadyWhenRemoved: true,
      timedOut: (name) => note("extensionConfig", name),
    });
    this.listeners = new ModelListeners({ mux, clock, isSotw, tables, secrets, extensionConfigs, drainMs });
    this.clusters = new ModelClusters({
      mux,
      clock,
      isSotw,
      secrets,
      healthCheckMs,
      assignments: new Map<string, Resource>(),
      timedOut: (name, isCached) => note("endpoint", name, isCached),
      wentLive: options.wentLive ?? (() => undefined),
      initialized: () => this.listeners.start(),
    });
  }

  /** A stream is open: what Envoy wants goes out at once. */
  connect(send: (request: XdsRequest) => void): void {
    this.#mux.connect(send);
  }

  disconnect(): void {
    this.#mux.disconnect();
  }

  take(response: ReceivedResponse): void {
    this.#mux.take(response);
  }
}
