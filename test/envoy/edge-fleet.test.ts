/** Real Envoys that know several edges: edges come and go, lag and lose the log, and no request is lost. */
import { deepEqual, ok } from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { seededRandom } from "../faults/seeded-random.ts";
import { cluster, endpoints, listener, route } from "../features/xds/sample-parts.ts";
import { EnvoyWorld, faultsOf, noFaults, variants } from "./edge/envoy-world.ts";
import { FleetWorld, type Ports } from "./edge/fleet-world.ts";
import { moved } from "./edge/sample-worlds.ts";
import { startSilentServer } from "./edge/silent-server.ts";

const seed = Number(process.env.SEED ?? 1);
const restarts = 3;
const moves = 12;
const tableMoves = 4;

/** What does not differ between versions is asked of the newest one. */
for (const variant of variants.filter(({ version }) => version === defaultEnvoyVersion)) {
  test(`rule 67, ${variant.name}: edges are restarted one by one under changes, and no request is lost`, async (t) => {
    const world = await FleetWorld.start(t, variant, { edges: 2, parts: (ports) => moved(ports, 0) });
    const { envoy, places } = world;
    const [kept, gone] = [world.load("/keep"), world.load("/gone")];
    let move = 0;
    for (let restart = 0; restart < restarts; restart++) {
      for (const place of places) {
        await world.publish(moved(world, ++move));
        await place.restart();
        await envoy.until("stream to an edge", async () => world.serving !== undefined);
        await envoy.until(`cluster c${move}`, () => hasHosts(world, `c${move}`));
        await gone.more(3);
      }
    }
    await kept.more(10);
    ok(
      kept.hasOnly("200") && gone.hasOnly("200"),
      `only 200, got ${JSON.stringify([kept.counts, gone.counts])}`,
    );
    deepEqual(await faultsOf(world.envoy), noFaults);
    t.diagnostic(`kept ${JSON.stringify(kept.counts)}, gone ${JSON.stringify(gone.counts)}`);
  });

  test(`P6 and rule 74, ${variant.name}: an Envoy that goes from edge to edge, some of them behind, is never taken back, seed ${seed}`, async (t) => {
    const random = seededRandom(seed);
    const world = await FleetWorld.start(t, variant, { edges: 2, parts: (ports) => numbered(ports, 0) });
    const { envoy, places } = world;
    const seen = new SeenNumbers(world.port);
    let number = 0;
    for (let turn = 0; turn < 20; turn++) {
      for (const { gate } of places) {
        const what = random();
        if (what < 0.25) gate.hideBehind(number + 1);
        else if (what < 0.5) gate.disconnect();
        else gate.open();
      }
      await world.publish(numbered(world, ++number));
      const left = world.serving;
      if (left !== undefined && random() < 0.6) {
        // It comes back with all that there is; the one that Envoy goes to meanwhile may be behind.
        left.gate.open();
        await left.restart();
      }
      await seen.more(20);
      if (turn % 4 < 3) continue;
      for (const { gate } of places) gate.open();
      await envoy.until("newest number", async () => seen.newest === number);
    }
    await seen.stop();
    deepEqual(seen.takenBack, []);
    deepEqual(await faultsOf(world.envoy), noFaults);
  });
}

for (const variant of variants.filter(({ version }) => version === defaultEnvoyVersion)) {
  test(`P5, ${variant.name}: an edge dies while a listener leaves its table and another listener goes, and no request is lost, seed ${seed}`, async (t) => {
    const random = seededRandom(seed);
    const world = await FleetWorld.start(t, variant, { edges: 2, parts: (ports) => onTable(ports, 0) });
    const { envoy } = world;
    const load = world.load();
    await load.more(10);
    for (let move = 1; move <= tableMoves; move++) {
      const dying = world.serving;
      await world.publish(onTable(world, move));
      await new Promise((resolve) => setTimeout(resolve, random() * 15));
      await dying?.restart();
      await envoy.until(`cluster c${move}`, () => hasHosts(world, `c${move}`));
      await envoy.until(
        "one listener",
        async () => (await envoy.stat("listener_manager.total_listeners_active")) === 1,
      );
      await load.more(10);
    }
    const clusters = async (): Promise<number> => envoy.stat("cluster_manager.active_clusters");
    await envoy.until("removal of all that left", async () => (await clusters()) === clustersKept);
    await load.more(10);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await faultsOf(world.envoy), noFaults);
  });
}

for (const variant of variants) {
  test(`P5, ${variant.name}: an edge dies in the middle of a removal, at any moment, and no request is lost, seed ${seed}`, async (t) => {
    const random = seededRandom(seed);
    const world = await FleetWorld.start(t, variant, { edges: 2, parts: (ports) => moved(ports, 0) });
    const { envoy } = world;
    const [kept, gone] = [world.load("/keep"), world.load("/gone")];
    for (let move = 1; move <= moves; move++) {
      const dying = world.serving;
      await world.publish(moved(world, move));
      // Nothing to wait for: the point is that it dies at a moment that nobody chose.
      await new Promise((resolve) => setTimeout(resolve, random() * 15));
      await dying?.restart();
      await envoy.until(`cluster c${move}`, () => hasHosts(world, `c${move}`));
      await gone.more(3);
    }
    await world.publish(moved(world, undefined));
    await gone.more(10, "404");
    const clusters = async (): Promise<number> => envoy.stat("cluster_manager.active_clusters");
    await envoy.until("removal of all that left", async () => (await clusters()) === clustersKept);
    await kept.more(10);
    ok(kept.hasOnly("200"), `only 200, got ${JSON.stringify(kept.counts)}`);
    ok(gone.hasOnly("200", "404"), `only 200, then 404, got ${JSON.stringify(gone.counts)}`);
    deepEqual(await faultsOf(world.envoy), noFaults);
  });

  test(`rule 48, ${variant.name}: a proxy that comes while a cluster warms gets a new cluster before the route to it`, async (t) => {
    const parts = ({ port, backendPort }: Ports, timeoutMs: number, target: string): Part[] => [
      listener("l", { port, table: "r" }),
      route("r", target),
      ...["a", target]
        .flatMap((name) => [cluster(name, { timeoutMs }), endpoints(name, backendPort)])
        .slice(target === "a" ? 2 : 0),
    ];
    const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 1_000, "a"));
    const { envoy } = world;
    const load = world.load();
    await load.more(10);
    await world.stopEdge();
    await world.publish(parts(world, 2_000, "a"));
    const silent = await startSilentServer(world.edgePort, world.snapshot);
    const warming = (): Promise<number> => envoy.stat("cluster_manager.warming_clusters");
    await envoy.until("cluster that warms", async () => (await warming()) === 1);
    await world.publish(parts(world, 2_000, "b"));
    silent.stop();
    await world.startEdge();
    await envoy.until("new cluster", async () => /^b::127/m.test(await envoy.ask("/clusters")));
    await load.more(10);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });

  test(`rule 48, ${variant.name}: routes move to the first EDS cluster of a proxy, and no request is lost`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, ({ port, backendPort }) => [
      listener("l", { port, table: "r" }),
      route("r", "static"),
      staticCluster("static", backendPort),
    ]);
    const { envoy, port, backendPort } = world;
    const load = world.load();
    await load.more(10);
    await world.publish([
      listener("l", { port, table: "r" }),
      route("r", "a"),
      cluster("a"),
      endpoints("a", backendPort),
    ]);
    await envoy.until(
      "removal of the other",
      async () => (await envoy.stat("cluster_manager.cluster_removed")) === 1,
    );
    await load.more(10);
    ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    deepEqual(await world.faults(), noFaults);
  });
}

/** A cluster with its one endpoint inside. */
function staticCluster(name: string, portValue: number): Part {
  const address = { socketAddress: { address: "127.0.0.1", portValue } };
  const loadAssignment = { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] };
  return partOf("cluster", name, { type: 0, connectTimeout: { seconds: 1 }, loadAssignment });
}

/** Asks one after another on one connection, so of one worker thread, which number is served. */
class SeenNumbers {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #port: number;
  readonly #loop: Promise<void>;
  #count = 0;
  #stopped = false;
  newest = 0;
  readonly takenBack: string[] = [];

  constructor(port: number) {
    this.#port = port;
    this.#loop = this.#run();
  }

  async more(count: number): Promise<void> {
    const start = this.#count;
    while (this.#count < start + count && !this.#stopped)
      await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    this.#agent.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const number = await this.#ask().catch(() => Number.NaN);
      if (Number.isNaN(number)) this.takenBack.push("no answer");
      if (number < this.newest) this.takenBack.push(`${this.newest} ${number}`);
      this.newest = Math.max(this.newest, number);
      this.#count++;
    }
  }

  #ask(): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: this.#port, agent: this.#agent }, (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve(Number(body)));
      });
      sent.on("error", reject);
      sent.end();
    });
  }
}

/** Each move has a route table and a cluster of its own; in the first one there is another listener, too. */
function onTable({ port, backendPort }: Ports, move: number): Part[] {
  const [table, target] = [`r${move}`, `c${move}`];
  return [
    listener("l", { port, table }),
    ...(move === 0 ? [listener("other", { table: "r0" })] : []),
    route(table, target),
    cluster(target),
    endpoints(target, backendPort),
  ];
}

/** The one that reaches the edges, and the one that stays. */
const clustersKept = 2;

async function hasHosts({ envoy }: FleetWorld, name: string): Promise<boolean> {
  return new RegExp(`^${name}::127`, "m").test(await envoy.ask("/clusters"));
}

/** Answers with a number. */
function numbered({ port }: Ports, number: number): Part[] {
  const routes = [
    { match: { prefix: "/" }, directResponse: { status: 200, body: { inlineString: String(number) } } },
  ];
  return [
    listener("l", { port, table: "r" }),
    partOf("route", "r", { virtualHosts: [{ name: "all", domains: ["*"], routes }] }),
  ];
}
