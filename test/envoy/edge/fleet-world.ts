import type { TestContext } from "node:test";
import { MemoryEventLog } from "@routeledger/event-log";
import { systemClock } from "@routeledger/std";
import { bootstrap } from "@routeledger/translation";
import type { XdsEdge, XdsEdgeOptions } from "@routeledger/xds-edge";
import type { Part } from "@routeledger/xds-model";
import { freePorts } from "../../conformance/free-ports.ts";
import { type Delivery, defaultGroup, EdgeWorld } from "../../features/xds/edge-world.ts";
import { GatedLog } from "../../features/xds/gated-log.ts";
import { startBackend, type Variant } from "./envoy-world.ts";
import { Load } from "./load.ts";
import { TestEnvoy } from "./test-envoy.ts";

/** Long enough for a route table's ACK on another edge, short enough to wait for. */
const retireGraceMs = 2_000;

/** Events are as near each other as they really are: else the log would say that a grace is over that is not. */
const apartMs = 10;

export interface Ports {
  /** Of the listener. */
  readonly port: number;
  readonly backendPort: number;
}

/** One edge of the fleet: its port stays its own, whichever process is there. */
export interface Place {
  edge: XdsEdge;
  /** What it reads the log through. */
  readonly gate: GatedLog;
  restart(): Promise<void>;
}

/** One Envoy that knows several edges, each with its own way to one log. All ends with the test. */
export class FleetWorld implements Ports {
  readonly envoy: TestEnvoy;
  readonly places: readonly Place[];
  readonly port: number;
  readonly backendPort: number;
  readonly #world: EdgeWorld;
  readonly #test: TestContext;

  private constructor(
    test: TestContext,
    world: EdgeWorld,
    made: Pick<FleetWorld, "envoy" | "places" | "port" | "backendPort">,
  ) {
    this.#test = test;
    this.#world = world;
    this.envoy = made.envoy;
    this.places = made.places;
    this.port = made.port;
    this.backendPort = made.backendPort;
  }

  /** Publishes, starts the edges, then Envoy. Resolves when Envoy has its configuration. */
  static async start(
    test: TestContext,
    { version, protocol }: Variant,
    { edges, parts }: { readonly edges: number; readonly parts: (ports: Ports) => readonly Part[] },
  ): Promise<FleetWorld> {
    const world = new EdgeWorld(test, { retireGraceMs, apartMs });
    const backendPort = await startBackend(test);
    const [port = 0, ...edgePorts] = await freePorts(1 + edges);
    await world.publisher.publish(defaultGroup, parts({ port, backendPort }));
    const places: Place[] = [];
    for (const edgePort of edgePorts) places.push(await openPlace(world, edgePort));
    const addresses = edgePorts.map((edgePort) => ({ host: "127.0.0.1", port: edgePort }));
    const envoy = await TestEnvoy.start(
      version,
      bootstrap({ gateway: defaultGroup, nodeId: "envoy-1", edges: addresses, protocol }),
    );
    test.after(() => envoy.stop());
    await envoy.untilReady();
    return new FleetWorld(test, world, { envoy, places, port, backendPort });
  }

  /** The edge that has Envoy's stream now; undefined between two. */
  get serving(): Place | undefined {
    return this.places.find(({ edge }) => edge.proxies().length > 0);
  }

  /** What all edges recorded, in order. */
  deliveries(): Promise<Delivery[]> {
    return this.#world.deliveries();
  }

  async publish(parts: readonly Part[]): Promise<void> {
    await this.#world.publisher.publish(defaultGroup, parts);
  }

  load(path = "/"): Load {
    const load = new Load(this.port, path);
    this.#test.after(() => load.stop());
    return load;
  }
}

async function openPlace(world: EdgeWorld, port: number): Promise<Place> {
  const gate = new GatedLog(new MemoryEventLog("XDS", world.storage));
  const options: Partial<XdsEdgeOptions> = {
    xdsLog: gate,
    address: `127.0.0.1:${port}`,
    edgeId: `edge-${port}`,
    clock: systemClock,
    drainMs: 100,
    catchUpDeadlineMs: 100,
  };
  const place: Place = {
    edge: await world.startEdge(options),
    gate,
    async restart() {
      await place.edge.stop();
      place.edge = await world.startEdge(options);
    },
  };
  return place;
}
