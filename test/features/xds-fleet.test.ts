/**
 * P6 and P4 over many edges: a proxy moves between edges at random while everything changes and some edges are behind
 * or cut off from the log. `SEED=<number>` plays one history again.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { MemoryEventLog } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import type { XdsEdge } from "@routeledger/xds-edge";
import { seededRandom } from "../faults/seeded-random.ts";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { GatedLog } from "./xds/gated-log.ts";
import { type Protocol, protocols, type RawStream } from "./xds/raw-client.ts";
import type { Received } from "./xds/received.ts";
import { cluster, endpoints, fences } from "./xds/sample-parts.ts";

const edgesCount = 3;
const movesCount = 40;
const catchUpDeadlineMs = 1_000;
const seeds = process.env.SEED === undefined ? [1, 2, 3, 4, 5] : [Number(process.env.SEED)];

/** One edge, and what it sees of the log. */
interface Place {
  readonly edge: XdsEdge;
  readonly gate: GatedLog;
}

/** Takes and ACKs whatever comes, on one stream at a time, and holds it to P6. */
class RovingProxy {
  readonly #protocol: Protocol;
  #stream: RawStream | undefined;
  /** What it shows when it moves. */
  #held: Received | undefined;
  /** Of what it acknowledged last. */
  newest = 0;
  received = 0;
  /** `from to` of each time that it was given something older. */
  readonly takenBack: string[] = [];

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  moveTo(world: EdgeWorld, edge: XdsEdge): void {
    this.#stream?.cancel();
    const stream = world.connect(edge, this.#protocol);
    this.#stream = stream;
    stream.reconnect("cluster", [], this.#held);
    void this.#take(stream);
  }

  async #take(stream: RawStream): Promise<void> {
    for (;;) {
      const received = await stream.next();
      if (this.#stream !== stream) return;
      for (const { value } of received.resources) {
        const time = timeOf(value);
        if (time < this.newest) this.takenBack.push(`${this.newest} ${time}`);
        this.newest = Math.max(this.newest, time);
      }
      this.received++;
      if (received.resources.length > 0) this.#held = received;
      stream.ack(received);
    }
  }
}

for (const protocol of protocols) {
  for (const seed of seeds) {
    test(`P6, ${protocol}: a proxy that moves among edges of which some are behind is never taken back, seed ${seed}`, async (t) => {
      const random = seededRandom(seed);
      const world = new EdgeWorld(t);
      let time = 1;
      await world.publisher.publish(defaultGroup, state(time));
      const places = await Promise.all(Array.from({ length: edgesCount }, () => place(world)));
      const proxy = new RovingProxy(protocol);
      for (let move = 0; move < movesCount; move++) {
        for (const { gate } of places) disturb(gate, random, time);
        for (let changes = Math.floor(random() * 4); changes > 0; changes--) {
          await world.publisher.publish(defaultGroup, state(++time));
        }
        const { edge } = places[Math.floor(random() * places.length)]!;
        proxy.moveTo(world, edge);
        await turns(Math.floor(random() * 30));
        if (random() < 0.5) world.clock.advance(catchUpDeadlineMs);
        await turns(Math.floor(random() * 30));
      }
      for (const { gate } of places) gate.open();
      await until(() => {
        world.clock.advance(50);
        return proxy.newest === time;
      });
      deepEqual(proxy.takenBack, []);
      ok(proxy.received > movesCount / 10, `a history in which something is served, got ${proxy.received}`);
    });
  }

  test(`P6, ${protocol}: an edge that is cut off serves what it has, and says that it is behind one that shows more`, async (t) => {
    const world = new EdgeWorld(t);
    await world.publisher.publish(defaultGroup, state(1));
    const [ahead, behind] = [await place(world), await place(world)];
    behind.gate.disconnect();
    await until(() => behind.edge.trouble !== undefined);
    await world.publisher.publish(defaultGroup, state(2));
    await until(() => ahead.edge.published.revision.sequence === 2);
    const stream = world.connect(ahead.edge, protocol);
    stream.subscribe("cluster");
    const held = await stream.take("cluster");
    const moved = world.connect(behind.edge, protocol);
    moved.reconnect("cluster", [], held);
    const newcomer = world.connect(behind.edge, protocol, { id: "envoy-2" });
    newcomer.subscribe("cluster");
    equal(timeOf((await newcomer.take("cluster")).resources[0]!.value), 1);
    behind.gate.open();
    await until(() => {
      world.clock.advance(50);
      return behind.edge.published.revision.sequence === 2;
    });
    equal(timeOf((await newcomer.take("cluster")).resources[0]!.value), 2);
    // Whatever it had been told before would come first.
    const first = await moved.next();
    for (const { value } of first.resources) equal(timeOf(value), 2);
  });
}

async function place(world: EdgeWorld): Promise<Place> {
  const gate = new GatedLog(new MemoryEventLog("XDS", world.storage));
  const edge = await world.startEdge({ xdsLog: gate, catchUpDeadlineMs });
  return { edge, gate };
}

/** Behind, cut off without a word, disconnected, or well again. */
function disturb(gate: GatedLog, random: () => number, time: number): void {
  const what = random();
  if (what < 0.1) gate.holdReadersAt(time);
  else if (what < 0.2) gate.hideBehind(time);
  else if (what < 0.3) gate.cut();
  else if (what < 0.4) gate.disconnect();
  else if (what < 0.7) gate.open();
}

/** Everything says which time it is of. */
function state(time: number) {
  return [cluster("a", { timeoutMs: time * 1_000 }), endpoints("a", time), ...fences];
}

function timeOf(value: Uint8Array): number {
  return codec("envoy.config.cluster.v3.Cluster").decode(value).connectTimeout?.seconds ?? 0;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
