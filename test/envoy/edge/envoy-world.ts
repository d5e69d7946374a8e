import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { EnvoyVersion } from "@routeledger/cli";
import { systemClock } from "@routeledger/std";
import { type Bootstrap, bootstrap } from "@routeledger/translation";
import type { XdsEdge, XdsEdgeOptions } from "@routeledger/xds-edge";
import type { Part } from "@routeledger/xds-model";
import { freePorts } from "../../conformance/free-ports.ts";
import { type Delivery, defaultGroup, EdgeWorld } from "../../features/xds/edge-world.ts";
import { type Protocol, protocols } from "../../features/xds/raw-client.ts";
import { Load, statusOf } from "./load.ts";
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

export interface Ports {
  /** Of two listeners. */
  readonly port: number;
  readonly otherPort: number;
  readonly backendPort: number;
  readonly edgePort: number;
}

export interface WorldChoices {
  /** What Envoy is started with, made from what it would be. */
  readonly bootstrap?: (made: Bootstrap, ports: Ports) => Bootstrap;
  readonly edge?: Partial<XdsEdgeOptions>;
}

/** A real Envoy that an edge serves, a backend, and load. All ends with the test. */
export class EnvoyWorld implements Ports {
  readonly envoy: TestEnvoy;
  readonly port: number;
  readonly otherPort: number;
  readonly backendPort: number;
  readonly edgePort: number;
  /** From when Envoy's admin page answered until it was ready, milliseconds. */
  readonly readyMs: number;
  readonly #made: EnvoyWorldParts;
  edge: XdsEdge;

  private constructor(made: EnvoyWorldParts, { envoy, readyMs }: StartedEnvoy) {
    this.envoy = envoy;
    this.readyMs = readyMs;
    this.port = made.ports.port;
    this.otherPort = made.ports.otherPort;
    this.backendPort = made.ports.backendPort;
    this.edgePort = made.ports.edgePort;
    this.edge = made.edge;
    this.#made = made;
  }

  /**
   * Publishes what `parts` says for these ports, and starts an edge and an Envoy. Resolves when Envoy has its
   * configuration.
   */
  static async start(
    test: TestContext,
    variant: Variant,
    parts: (ports: Ports) => readonly Part[],
    choices: WorldChoices = {},
  ): Promise<EnvoyWorld> {
    const world = new EdgeWorld(test, { retireGraceMs });
    const backendPort = await startBackend(test);
    const [port = 0, otherPort = 0, edgePort = 0] = await freePorts(3);
    const ports = { port, otherPort, backendPort, edgePort };
    await world.publisher.publish(defaultGroup, parts(ports));
    const options = { clock: systemClock, address: `127.0.0.1:${edgePort}`, ...choices.edge };
    const edge = await world.startEdge(options);
    const made = { test, variant, world, ports, edge, options, choices };
    return new EnvoyWorld(made, await startEnvoy(made, "envoy-1"));
  }

  /** Another Envoy, of the same version and protocol. Resolves when it is ready. */
  async anotherEnvoy(nodeId: string): Promise<TestEnvoy> {
    return (await startEnvoy(this.#made, nodeId)).envoy;
  }

  load(path = "/", port = this.port): Load {
    const load = new Load(port, path);
    this.#made.test.after(() => load.stop());
    return load;
  }

  /** What one new connection is answered. */
  status(path = "/", port = this.port): Promise<string> {
    return statusOf(port, path);
  }

  /** Publishes to the log; what the edge and Envoy make of it comes later. */
  async publish(parts: readonly Part[]): Promise<void> {
    await this.#made.world.publisher.publish(defaultGroup, parts);
  }

  /** The edge is gone, and its port free. */
  async stopEdge(): Promise<void> {
    await this.edge.stop();
  }

  /** Another edge on the same port and log. */
  async startEdge(): Promise<void> {
    this.edge = await this.#made.world.startEdge(this.#made.options);
  }

  /** What is published, as edges fold it. */
  get snapshot() {
    const snapshot = this.#made.world.publisher.published.snapshots.get(defaultGroup);
    if (snapshot === undefined) throw new Error("a snapshot that was published");
    return snapshot;
  }

  /** What the edges recorded until now; what is not written yet comes later. */
  deliveries(): Promise<Delivery[]> {
    return this.#made.world.deliveries();
  }

  get warming(): Promise<number> {
    return this.envoy.stat("cluster_manager.warming_clusters");
  }

  /** Resolves when Envoy has hosts of that cluster. */
  async untilHosts(name: string): Promise<void> {
    await this.envoy.until(`hosts of ${name}`, async () =>
      (await this.envoy.ask("/clusters")).includes(`\n${name}::127.`),
    );
  }

  faults(): Promise<Record<string, number>> {
    return faultsOf(this.envoy);
  }
}

interface EnvoyWorldParts {
  readonly test: TestContext;
  readonly variant: Variant;
  readonly world: EdgeWorld;
  readonly ports: Ports;
  readonly edge: XdsEdge;
  readonly options: Partial<XdsEdgeOptions>;
  readonly choices: WorldChoices;
}

interface StartedEnvoy {
  readonly envoy: TestEnvoy;
  readonly readyMs: number;
}

async function startEnvoy(
  { test, variant, ports, choices }: EnvoyWorldParts,
  nodeId: string,
): Promise<StartedEnvoy> {
  const { version, protocol } = variant;
  const edges = [{ host: "127.0.0.1", port: ports.edgePort }];
  const made = bootstrap({ gateway: defaultGroup, nodeId, edges, protocol });
  const envoy = await TestEnvoy.start(version, choices.bootstrap?.(made, ports) ?? made);
  const start = performance.now();
  test.after(() => envoy.stop());
  await envoy.untilReady();
  return { envoy, readyMs: performance.now() - start };
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

/** What `faults` says when all is well. */
export const noFaults = { rejected: 0, timedOut: 0, cachedAssignments: 0, warming: 0 } as const;

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
