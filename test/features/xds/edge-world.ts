import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";
import type { ChannelCredentials } from "@grpc/grpc-js";
import { CommitReader, deliveryKinds, MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { codec, type DecodedTypes } from "@routeledger/protos";
import { silentLogger } from "@routeledger/service-kit";
import { startXdsEdge, type XdsEdge, type XdsEdgeOptions } from "@routeledger/xds-edge";
import type { Part } from "@routeledger/xds-model";
import { GatedLog } from "./gated-log.ts";
import { ManualClock } from "./manual-clock.ts";
import { Publisher, type PublisherOptions } from "./publisher.ts";
import { type Protocol, RawClient, type RawStream } from "./raw-client.ts";
import { fences } from "./sample-parts.ts";

export type Delivery = DecodedTypes["routeledger.delivery.v1.Delivery"];

/** The node group that clients belong to when a test does not say another. */
export const defaultGroup = "default/gateway";

export type WorldOptions = Pick<PublisherOptions, "retireGraceMs" | "apartMs">;

/** One XDS log, its publisher, and edges that follow it, with raw clients. All ends with the test. */
export class EdgeWorld {
  readonly clock = new ManualClock();
  publisher: Publisher;
  /** What is stored, open to damage. */
  readonly storage = new MemoryStorage("xds-1");
  /** What edges read the XDS log through. */
  readonly gate: GatedLog;
  readonly #delivery = new MemoryStorage("delivery-1");
  readonly #options: WorldOptions;
  readonly #ends: (() => Promise<void> | void)[] = [];

  constructor(test: TestContext, options: WorldOptions = {}) {
    this.#options = options;
    this.publisher = this.#newPublisher();
    this.gate = new GatedLog(new MemoryEventLog("XDS", this.storage));
    test.after(async () => {
      for (const end of this.#ends.reverse()) await end();
    });
  }

  /** Publishes what is served first, then starts an edge that serves it. */
  static async serving(
    test: TestContext,
    parts: readonly Part[],
    options: WorldOptions = {},
  ): Promise<EdgeWorld & { readonly edge: XdsEdge }> {
    const world = new EdgeWorld(test, options);
    await world.publisher.publish(defaultGroup, [...parts, ...fences]);
    return Object.assign(world, { edge: await world.startEdge() });
  }

  /** Another publisher goes on behind what the log holds now. */
  async restartPublisher(): Promise<void> {
    this.publisher = await this.#newPublisher().resume();
  }

  #newPublisher(): Publisher {
    return new Publisher(new MemoryEventLog("XDS", this.storage), { clock: this.clock, ...this.#options });
  }

  /** An edge that is ready. */
  async startEdge(options: Partial<XdsEdgeOptions> = {}): Promise<XdsEdge> {
    const edge = await this.openEdge(options);
    await edge.becameReady;
    return edge;
  }

  /** An edge that listens. */
  async openEdge(options: Partial<XdsEdgeOptions> = {}): Promise<XdsEdge> {
    const edge = await startXdsEdge({
      xdsLog: this.gate,
      deliveryLog: new MemoryEventLog("DELIVERY", this.#delivery),
      address: "127.0.0.1:0",
      edgeId: "edge-1",
      clock: this.clock,
      randomBytes,
      logger: silentLogger,
      secretsInClear: true,
      // The clock stands still, so what waits for it would wait for ever.
      ...{ requestsPerSecond: 1_000_000, newStreamsPerSecond: 1_000_000 },
      ...options,
    });
    this.#ends.push(() => edge.stop());
    return edge;
  }

  /** A stream of its own connection. */
  connect(
    edge: XdsEdge,
    protocol: Protocol,
    { id = "envoy-1", cluster = defaultGroup }: { id?: string; cluster?: string } = {},
  ): RawStream {
    return this.client(edge.address).open(protocol, { id, cluster });
  }

  client(address: string, channel?: ChannelCredentials): RawClient {
    const client = new RawClient(address, channel);
    this.#ends.push(() => client.close());
    return client;
  }

  /** Publishes, and resolves when the edge offered it to its streams. */
  async publish(edge: XdsEdge, parts: readonly Part[], nodeGroup = defaultGroup): Promise<number> {
    const sequence = await this.publisher.publish(nodeGroup, [...parts, ...fences]);
    await applied(edge, sequence);
    return sequence;
  }

  /** What the DELIVERY log holds, in order. */
  async deliveries(): Promise<Delivery[]> {
    const log = new MemoryEventLog("DELIVERY", this.#delivery);
    const { lastSequence } = await log.info();
    const found: Delivery[] = [];
    for await (const item of new CommitReader(log, {
      from: undefined,
      kinds: deliveryKinds,
      chained: false,
    }).read({
      until: lastSequence,
    })) {
      if (item.type !== "commit") continue;
      found.push(...codec("routeledger.delivery.v1.DeliveryBatch").decode(item.commit.payload).deliveries);
    }
    return found;
  }
}

/** Resolves when the edge has applied a CONFIG sequence. */
export async function applied(edge: XdsEdge, sequence: number): Promise<void> {
  await until(() => edge.published.revision.sequence >= sequence);
}

/** Resolves when the condition holds, looking at it once a turn of the event loop. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
