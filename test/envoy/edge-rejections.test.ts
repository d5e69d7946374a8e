/** What a real Envoy rejects is sent once, and all else goes on. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { endpoints } from "../features/xds/sample-parts.ts";
import {
  certificateSecret,
  edsCluster,
  httpListener,
  invalidCluster,
  mismatchedSecret,
  routesTo,
  serverTls,
  staticCluster,
  unbuildableCluster,
} from "./edge/envoy-parts.ts";
import { EnvoyWorld, type Ports, variants } from "./edge/envoy-world.ts";
import { twoBackends, weighed, weightIn } from "./edge/sample-worlds.ts";
import { certificateA, certificateB } from "./edge/test-certificates.ts";
import { askOverTls } from "./edge/tls-load.ts";

for (const variant of variants) {
  describe(`${variant.name} rejects`, { concurrency: 4 }, () => {
    test("rules 6 and 7: a cluster is sent once, and what else changes goes on", async (t) => {
      const world = await EnvoyWorld.start(t, variant, (ports) => twoBackends(ports));
      const { envoy } = world;
      const [a, b] = [world.load("/a"), world.load("/b")];
      await a.more(10);
      await world.publish(twoBackends(world, { invalidCluster: true }));
      await untilRejected(world, "cluster_manager.cds", 1);
      for (let change = 1; change <= 10; change++) {
        await world.publish(twoBackends(world, { invalidCluster: true, weight: change + 1 }));
        await envoy.until(
          `endpoints ${change}`,
          async () => weightIn(await envoy.ask("/clusters"), "a") === change + 1,
        );
      }
      equal(await rejected(world, "cluster_manager.cds"), 1);
      await world.publish(twoBackends(world, { weight: 20 }));
      await envoy.until("endpoints", async () => weightIn(await envoy.ask("/clusters"), "a") === 20);
      await b.more(10);
      equal(await rejected(world, "cluster_manager.cds"), 1);
      ok(a.hasOnly("200") && b.hasOnly("200"), `only 200, got ${JSON.stringify([a.counts, b.counts])}`);
    });

    test("rules 5 and 7: endpoints that were rejected beside bad ones come with the good ones, and the NACK is recorded", async (t) => {
      const world = await EnvoyWorld.start(t, variant, (ports) => twoBackends(ports));
      const { envoy } = world;
      await world.publish(twoBackends(world, { weight: 5, invalidEndpoints: true }));
      await envoy.until("rejection", async () => (await envoy.sumOf("update_rejected")) > 0);
      await envoy.until("record of the NACK", async () => (await culpritsOf(world)).includes("b"));
      await world.publish(twoBackends(world, { weight: 5 }));
      await envoy.until("endpoints of both", async () => {
        const clusters = await envoy.ask("/clusters");
        return weightIn(clusters, "a") === 5 && weightIn(clusters, "b") === 5;
      });
    });

    test("rule 8: of 100 clusters one cannot be built, and the others are live, with hosts", async (t) => {
      const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
      const parts = ({ port, backendPort }: Ports, all: boolean): Part[] => [
        httpListener("l", { port, table: "r" }),
        routesTo("r", { "/": "kept" }),
        staticCluster("kept", backendPort),
        ...(all ? names : []).map((name) => (name === "c50" ? unbuildableCluster(name) : edsCluster(name))),
        ...(all ? names : []).map((name) => endpoints(name, backendPort)),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, false));
      const load = world.load();
      await load.more(5);
      await world.publish(parts(world, true));
      await world.envoy.until("hosts of 99 clusters", async () => (await clustersWithHosts(world)) === 99);
      await world.envoy.until("no warming cluster", async () => (await world.warming) === 0);
      await untilRejected(world, "cluster_manager.cds", 1);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      await assertNothingWaited(world);
    });

    for (const [kind, bad] of [
      ["whose fields are invalid", invalidCluster],
      ["that cannot be built", unbuildableCluster],
    ] as const) {
      test(`rule 73: a cluster ${kind} is put aside, and ten others go on changing`, async (t) => {
        const names = Array.from({ length: 10 }, (_, index) => `c${index}`);
        const parts = ({ port, backendPort }: Ports, change: number): Part[] => [
          httpListener("l", { port, table: "r" }),
          routesTo("r", { "/": "bad" }),
          change === 0 ? edsCluster("bad") : bad("bad"),
          ...names.map((name) => edsCluster(name, { timeoutMs: 1_000 + change })),
          ...["bad", ...names].map((name) => weighed(name, backendPort, { weight: change + 1 })),
        ];
        const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
        const load = world.load();
        await load.more(5);
        for (let change = 1; change <= 3; change++) {
          await world.publish(parts(world, change));
          await untilModified(world, 10 * change);
        }
        const isQuiet = async (): Promise<boolean> => (await world.warming) === 0;
        await world.envoy.until("no warming cluster", isQuiet);
        await world.envoy.until("newest endpoints", async () => {
          const clusters = await world.envoy.ask("/clusters");
          return names.every((name) => weightIn(clusters, name) === 4);
        });
        await world.envoy.until("record of the culprit", async () =>
          (await culpritsOf(world)).includes("bad"),
        );
        const before = await rejected(world, "cluster_manager.cds");
        await world.publish(parts(world, 4));
        await untilModified(world, 40);
        equal(await rejected(world, "cluster_manager.cds"), before, "it is not offered again");
        await world.publish(parts(world, 0));
        await untilModified(world, 50);
        await load.more(5);
        ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
        equal(await rejected(world, "cluster_manager.cds"), before);
        await assertNothingWaited(world);
      });
    }

    test("rule 73: an edge is replaced while one cluster cannot be built and another comes, and the other is live", async (t) => {
      const parts = (ports: Ports, turn: number, target = turn): Part[] =>
        besideBad(ports, turn === 0 ? edsCluster("bad") : unbuildableCluster("bad"), turn, target);
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
      const load = world.load();
      await load.more(5);
      for (let turn = 1; turn <= 3; turn++) {
        await world.stopEdge();
        await world.publish(parts(world, turn, turn - 1));
        await world.startEdge();
        await world.untilHosts(`c${turn}`);
        await world.publish(parts(world, turn));
        await load.more(5);
      }
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      await assertNothingWaited(world);
    });

    test("rule 73: an edge is replaced while a cluster in use becomes invalid and another comes: in delta the other is live; in SotW all keep what they have until the bad one is mended", async (t) => {
      const world = await EnvoyWorld.start(t, variant, (ports) => besideBad(ports, edsCluster("bad"), 0));
      const [load, old] = [world.load(), world.load("/bad")];
      await Promise.all([load.more(5), old.more(5)]);
      await world.stopEdge();
      await world.publish(besideBad(world, invalidCluster("bad"), 1, 0));
      await world.startEdge();
      if (variant.protocol === "delta") await world.untilHosts("c1");
      else await untilRejected(world, "cluster_manager.cds", 1);
      await Promise.all([load.more(5), old.more(5)]);
      await world.publish(besideBad(world, edsCluster("bad", { timeoutMs: 2_000 }), 1, 0));
      await world.untilHosts("c1");
      await untilModified(world, 1);
      await Promise.all([load.more(5), old.more(5)]);
      ok(load.hasOnly("200") && old.hasOnly("200"), JSON.stringify([load.counts, old.counts]));
      await assertNothingWaited(world);
    });

    test("rule 73: of several listeners one is rejected, and the others go on changing", async (t) => {
      const names = ["l1", "l2", "l3"];
      const parts = ({ port, otherPort }: Ports, change: number): Part[] => [
        httpListener("l0", { port, serverName: `server ${change}` }),
        httpListener("bad", change === 0 ? { port: otherPort } : { port: otherPort, statPrefix: "" }),
        ...names.map((name) => httpListener(name, { port: 0, serverName: `server ${change}` })),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
      const [good, old] = [world.load(), world.load("/", world.otherPort)];
      await Promise.all([good.more(5, "204"), old.more(5, "204")]);
      for (let change = 1; change <= 3; change++) {
        await world.publish(parts(world, change));
        await world.envoy.until(`server ${change}`, () => hasServer(world, change));
      }
      await world.publish(parts(world, 4));
      const before = await rejected(world, "listener_manager.lds");
      ok(before >= 1, "a rejection");
      await world.envoy.until("server 4", () => hasServer(world, 4));
      equal(await rejected(world, "listener_manager.lds"), before, "it is not offered again");
      await Promise.all([good.more(5, "204"), old.more(5, "204")]);
      ok(good.hasOnly("204") && old.hasOnly("204"), JSON.stringify([good.counts, old.counts]));
    });

    test("rules 7 and 73: a secret whose key does not match is rejected, and another one goes on rotating", async (t) => {
      const parts = ({ port, otherPort }: Ports, other: Part, good = certificateA): Part[] => [
        httpListener("l", { port, transportSocket: serverTls("good") }),
        httpListener("other", { port: otherPort, transportSocket: serverTls("other") }),
        certificateSecret("good", good),
        other,
      ];
      const fine = certificateSecret("other", certificateA);
      const bad = mismatchedSecret("other", certificateA, certificateB);
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, fine));
      await world.publish(parts(world, bad));
      await world.envoy.until("rejection", async () => (await world.envoy.sumOf("update_rejected")) > 0);
      await world.publish(parts(world, bad, certificateB));
      await untilCertificate(world, world.port, "b.example");
      equal((await askOverTls(world.otherPort)).commonName, "a.example");
      await world.publish(parts(world, certificateSecret("other", certificateB), certificateB));
      await untilCertificate(world, world.otherPort, "b.example");
      await assertNothingWaited(world);
    });
  });
}

/** All goes to the cluster of `target`, `/bad` to one that is bad; that of `turn` is there, too. */
function besideBad({ port, backendPort }: Ports, bad: Part, turn: number, target = turn): Part[] {
  const names = [...new Set([turn, target])].map((each) => `c${each}`);
  return [
    httpListener("l", { port, table: "r" }),
    routesTo("r", { "/bad": "bad", "/": `c${target}` }),
    bad,
    ...names.map((name) => edsCluster(name)),
    ...["bad", ...names].map((name) => endpoints(name, backendPort)),
  ];
}

function rejected({ envoy }: EnvoyWorld, prefix: string): Promise<number> {
  return envoy.stat(`${prefix}.update_rejected`);
}

async function untilRejected(world: EnvoyWorld, prefix: string, count: number): Promise<void> {
  await world.envoy.until(`${count} rejections`, async () => (await rejected(world, prefix)) === count);
}

async function untilModified({ envoy }: EnvoyWorld, count: number): Promise<void> {
  await envoy.until(
    `${count} changes of clusters`,
    async () => (await envoy.stat("cluster_manager.cluster_modified")) >= count,
  );
}

async function untilCertificate(world: EnvoyWorld, port: number, commonName: string): Promise<void> {
  await world.envoy.until(
    `certificate ${commonName}`,
    async () => (await askOverTls(port)).commonName === commonName,
  );
}

/** Whom the edges' records blame. */
async function culpritsOf(world: EnvoyWorld): Promise<string[]> {
  return (await world.deliveries()).flatMap(({ nacked }) => nacked?.culprits ?? []);
}

async function clustersWithHosts({ envoy }: EnvoyWorld): Promise<number> {
  const text = await envoy.ask("/clusters");
  return new Set([...text.matchAll(/^(c\d+)::127/gm)].map(([, name]) => name)).size;
}

/** A rejection is the only thing that went wrong. */
async function assertNothingWaited(world: EnvoyWorld): Promise<void> {
  const { timedOut, cachedAssignments, warming } = await world.faults();
  deepEqual({ timedOut, cachedAssignments, warming }, { timedOut: 0, cachedAssignments: 0, warming: 0 });
}

async function hasServer({ envoy }: EnvoyWorld, change: number): Promise<boolean> {
  const text = await envoy.ask("/config_dump?resource=dynamic_listeners");
  return text.split(`"server ${change}"`).length - 1 >= 4;
}
