import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { EnvoyVersion } from "@routeledger/cli";
import { systemClock } from "@routeledger/std";
import { bootstrap } from "@routeledger/translation";
import type { XdsEdge } from "@routeledger/xds-edge";
import type { Part } from "@routeledger/xds-model";
import { freePorts } from "../../conformance/free-ports.ts";
import { defaultGroup, EdgeWorld } from "../../features/xds/edge-world.ts";
import { type Protocol, protocols } from "../../features/xds/raw-client.ts";
import { Load } from "./load.ts";
import { TestEnvoy } from "./test-envoy.ts";

/** How long an edge keeps what left, here: long enough for a route table's ACK, short enough to wait for. */
const retireGraceMs = 1_500;

/** Which Envoy, and how it asks. */
export interface Variant {
  readonly version: EnvoyVersion;
  readonly protocol: Protocol;
}

export const variants: readonly (Variant & { readonly name: string })[] = (
  ["1.40.0", "1.36.4"] as const
).flatMap((version) =>
  protocols.map((protocol) => ({ version, protocol, name: `Envoy ${version}, ${protocol}` })),
);

/** A real Envoy that an edge serves, a backend, and load. All ends with the test. */
export class EnvoyWorld {
  readonly envoy: TestEnvoy;
  readonly port: number;
  readonly backendPort: number;
  readonly edgePort: number;
  readonly #world: EdgeWorld;
  readonly #test: TestContext;
  edge: XdsEdge;

  private constructor(made: EnvoyWorldParts) {
    this.envoy = made.envoy;
    this.port = made.port;
    this.backendPort = made.backendPort;
    this.edgePort = made.edgePort;
    this.#world = made.world;
    this.#test = made.test;
    this.edge = made.edge;
  }

  /**
   * Publishes what `parts` says for a listener port and a backend port, and starts an edge and an Envoy.
   * Resolves when Envoy has its configuration.
   */
  static async start(
    test: TestContext,
    { version, protocol }: Variant,
    parts: (ports: { readonly port: number; readonly backendPort: number }) => readonly Part[],
  ): Promise<EnvoyWorld> {
    const world = new EdgeWorld(test, { retireGraceMs });
    const backendPort = await startBackend(test);
    const [port, edgePort] = [await nextPort(), await nextPort()];
    await world.publisher.publish(defaultGroup, parts({ port, backendPort }));
    const edge = await world.startEdge({ clock: systemClock, address: `127.0.0.1:${edgePort}` });
    const envoy = await TestEnvoy.start(
      version,
      bootstrap({
        gateway: defaultGroup,
        nodeId: "envoy-1",
        edges: [{ host: "127.0.0.1", port: edgePort }],
        protocol,
      }),
    );
    test.after(() => envoy.stop());
    await envoy.untilReady();
    return new EnvoyWorld({ envoy, port, backendPort, edgePort, world, test, edge });
  }

  load(path = "/"): Load {
    const load = new Load(this.port, path);
    this.#test.after(() => load.stop());
    return load;
  }

  /** Publishes to the log; what the edge and Envoy make of it comes later. */
  async publish(parts: readonly Part[]): Promise<void> {
    await this.#world.publisher.publish(defaultGroup, parts);
  }

  /** The edge is gone, and its port free. */
  async stopEdge(): Promise<void> {
    await this.edge.stop();
  }

  /** Another edge on the same port and log. */
  async startEdge(): Promise<void> {
    this.edge = await this.#world.startEdge({ clock: systemClock, address: `127.0.0.1:${this.edgePort}` });
  }

  /** What is published, as edges fold it. */
  get snapshot() {
    const snapshot = this.#world.publisher.published.snapshots.get(defaultGroup);
    if (snapshot === undefined) throw new Error("a snapshot that was published");
    return snapshot;
  }

  faults(): Promise<Record<string, number>> {
    return faultsOf(this.envoy);
  }
}

/** Envoy's counters of what must never happen. */
export async function faultsOf(envoy: TestEnvoy): Promise<Record<string, number>> {
  return {
    rejected: await envoy.sumOf("update_rejected"),
    timedOut: await envoy.sumOf("init_fetch_timeout"),
    cachedAssignments: await envoy.sumOf("assignment_use_cached"),
    warming: await envoy.stat("cluster_manager.warming_clusters"),
  };
}

interface EnvoyWorldParts {
  readonly envoy: TestEnvoy;
  readonly port: number;
  readonly backendPort: number;
  readonly edgePort: number;
  readonly world: EdgeWorld;
  readonly test: TestContext;
  readonly edge: XdsEdge;
}

/** What `faults` says when all is well. */
export const noFaults = { rejected: 0, timedOut: 0, cachedAssignments: 0, warming: 0 } as const;

/** A port that is this process's, and that no test of it had before. */
async function nextPort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** A server that answers "ok" to everything. Resolves to its port. */
export async function startBackend(test: TestContext): Promise<number> {
  const backend = createServer((_, response) => response.end("ok"));
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    backend.closeAllConnections();
    backend.close();
  });
  return (backend.address() as AddressInfo).port;
}
