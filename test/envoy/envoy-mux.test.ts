/** What Envoy asks and when, on either mux: seen again with a scripted server. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { endpoints } from "../features/xds/sample-parts.ts";
import {
  edsCluster,
  httpListener,
  invalidCluster,
  invalidEndpoints,
  routesTo,
  staticCluster,
  unbuildableCluster,
} from "./edge/envoy-parts.ts";
import { type Variant, variants } from "./edge/envoy-world.ts";
import type { ScriptedServer } from "./edge/scripted-server.ts";
import { type ScriptedPorts, ScriptedWorld } from "./edge/scripted-world.ts";
import type { SeenRequest } from "./edge/seen-request.ts";

for (const variant of variants) {
  describe(`${variant.name} asks`, { concurrency: 4 }, () => {
    test("[E] 1.1.2 and 1.2.1: of a cluster that changed SotW asks the endpoints again, as if it repeated an ACK, and delta does not", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const before = server.requests.length;
      const last = server.requests.findLast(({ type }) => type === "endpoint");
      server.send({ type: "cluster", parts: clusters({ timeoutMs: 2_000 }) });
      await world.untilWarming(1);
      await fence(world);
      const asked = server.requests.slice(before).filter(({ type }) => type === "endpoint");
      if (variant.protocol === "delta") return deepEqual(asked, []);
      deepEqual(
        asked.map(({ summary, version }) => ({ summary, version })),
        [{ summary: last?.summary, version: last?.version }],
      );
    });

    test("[E] 1.1.7: after the last EDS cluster went SotW sends endpoint requests without names, on a new stream too, and delta none", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const before = server.requests.length;
      await goStatic(world);
      const asked = server.requests.slice(before).filter(({ type }) => type === "endpoint");
      if (variant.protocol === "sotw") deepEqual(asked.at(-1)?.names, []);
      else deepEqual(asked.flatMap(({ unsubscribed }) => unsubscribed).sort(), ["a", "b"]);
      server.stop();
      await server.start();
      await server.until(
        "listeners on the new stream",
        ({ stream, type }) => stream === 2 && type === "listener",
      );
      await server.until(
        "route tables on the new stream",
        ({ stream, type }) => stream === 2 && type === "route",
      );
      await fence(world);
      const again = server.requests.filter(({ stream, type }) => stream === 2 && type === "endpoint");
      deepEqual(
        again.map(({ names }) => names),
        variant.protocol === "sotw" ? [[]] : [],
      );
    });

    test("[E] 1.1.5: to endpoints that it does not watch SotW answers with the old version and no error, and delta with an ACK", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      await goStatic(world);
      const old = server.requests.findLast(({ type }) => type === "endpoint");
      const unwatched = {
        type: "endpoint",
        parts: [endpoints("a", world.backendPort)],
        version: "unwatched",
      };
      const answer = await server.sendAndWait({ ...unwatched, type: "endpoint" });
      equal(answer.kind, "ack");
      if (variant.protocol === "delta") return;
      deepEqual({ names: answer.names, version: answer.version }, { names: [], version: old?.version });
      ok(world.envoy.log.includes("unwatched type URL"), `a warning, got ${world.envoy.log}`);
    });

    test("[E] 1.2.6: nothing of clusters that field validation rejects is applied", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const parts = [...clusters(), staticCluster("good", world.backendPort), invalidCluster("bad")];
      const nack = await server.sendAndWait({ type: "cluster", parts });
      equal(nack.kind, "nack");
      await world.assertHosts("good");
    });

    test("[E] 1.2.6: of clusters of which one cannot be built the others are applied, and asked for before the NACK", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const before = server.requests.length;
      const parts = [...clusters(), edsCluster("good"), unbuildableCluster("bad")];
      const nonce = server.send({ type: "cluster", parts });
      await server.until("request for endpoints", asks("good"), before);
      server.send({ type: "endpoint", parts: [endpoints("good", world.backendPort)] });
      const nack = await server.until("NACK", (request) => request.nonce === nonce);
      equal(nack.kind, "nack");
      ok(server.requests.findIndex(asks("good")) < server.requests.indexOf(nack), "asked before the NACK");
      await world.assertHosts("good", world.backendPort);
      if (variant.protocol === "sotw") return;
      server.stop();
      await server.start();
      const again = await server.until("clusters", ({ stream, type }) => stream === 2 && type === "cluster");
      deepEqual(Object.keys(again.initialVersions).sort(), ["a", "b"], "the good one has no version");
    });

    test("[E] 1.2.7: the same name twice is rejected in delta; SotW takes it for endpoints and not for clusters", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const twice = [endpoints("a", world.backendPort), endpoints("a", world.backendPort)];
      const isDelta = variant.protocol === "delta";
      equal((await server.sendAndWait({ type: "endpoint", parts: twice })).kind, isDelta ? "nack" : "ack");
      const other = staticCluster("c", world.backendPort);
      const parts = [...clusters(), other, staticCluster("c", world.backendPort + 1)];
      equal((await server.sendAndWait({ type: "cluster", parts })).kind, "nack");
      await world.assertHosts("c", ...(isDelta ? [] : [world.backendPort]));
    });

    test("[E] rule 2: the node is in the first request of a stream and in no other, but for delta of 1.36.4", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      server.stop();
      await server.start();
      await server.until("listeners", ({ stream, type }) => stream === 2 && type === "listener");
      await fence(world);
      const isAlways = variant.version === "1.36.4" && variant.protocol === "delta";
      for (const stream of [1, 2]) {
        const nodes = server.requests
          .filter((request) => request.stream === stream)
          .map(({ hasNode }) => hasNode);
        deepEqual(nodes, [true, ...nodes.slice(1).map(() => isAlways)]);
      }
    });

    test("[E] 1.2.6: nothing of endpoints of which field validation rejects one is applied, whatever their order", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const [good, bad] = [
        endpoints("a", world.backendPort + 1),
        invalidEndpoints("b", world.backendPort + 1),
      ];
      for (const parts of [
        [bad, good],
        [good, bad],
      ]) {
        equal((await server.sendAndWait({ type: "endpoint", parts })).kind, "nack");
        await world.assertHosts("a", world.backendPort);
        await world.assertHosts("b", world.backendPort);
      }
    });
  });
}

for (const variant of variants.filter(({ protocol }) => protocol === "delta")) {
  describe(`${variant.name} asks`, { concurrency: 4 }, () => {
    test("[E] 1.2.5: on a new stream it names the versions of what it holds, and subscribes to what still waits without one", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      server.send({ type: "cluster", parts: [...clusters(), edsCluster("new")] });
      await world.untilWarming(1);
      server.stop();
      await server.start();
      const first = await server.until(
        "endpoints",
        ({ stream, type }) => stream === 2 && type === "endpoint",
      );
      deepEqual(first.names, ["a", "b", "new"]);
      deepEqual(Object.keys(first.initialVersions).sort(), ["a", "b"]);
      const listeners = await server.until(
        "listeners",
        ({ stream, type }) => stream === 2 && type === "listener",
      );
      deepEqual([listeners.names, Object.keys(listeners.initialVersions)], [[], ["l"]]);
    });

    test("[E] 1.2.7: a name that is both sent and removed is rejected", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const parts = [staticCluster("c", world.backendPort)];
      equal((await server.sendAndWait({ type: "cluster", parts, removed: ["c"] })).kind, "nack");
    });

    test("[E] 1.2.8: endpoints that were removed stay subscribed and are taken when they come", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const before = server.requests.length;
      await server.sendAndWait({ type: "endpoint", removed: ["a"] });
      await server.sendAndWait({ type: "endpoint", parts: [endpoints("a", world.backendPort + 1)] });
      await world.assertHosts("a", world.backendPort + 1);
      const asked = server.requests
        .slice(before)
        .flatMap(({ names, unsubscribed }) => [...names, ...unsubscribed]);
      deepEqual(asked, []);
    });
  });
}

async function twoClusters(
  t: TestContext,
  variant: Variant,
): Promise<{ world: ScriptedWorld; server: ScriptedServer }> {
  const world = await ScriptedWorld.start(t, variant, partsOf);
  await fence(world);
  world.server.answer([], []);
  return { world, server: world.server };
}

function partsOf(ports: ScriptedPorts): Part[] {
  return [
    httpListener("l", { port: ports.port, table: "r" }),
    routesTo("r", { "/a": "a", "/": "b" }),
    ...clusters(),
    endpoints("a", ports.backendPort),
    endpoints("b", ports.backendPort),
  ];
}

function clusters({ timeoutMs = 1_000 } = {}): Part[] {
  return [edsCluster("a", { timeoutMs }), edsCluster("b")];
}

/** No cluster takes its endpoints from the server any more. */
async function goStatic(world: ScriptedWorld): Promise<void> {
  const parts = [staticCluster("a", world.backendPort), staticCluster("b", world.backendPort)];
  equal((await world.server.sendAndWait({ type: "cluster", parts })).kind, "ack");
  await world.envoy.until("clusters that are static", async () => (await world.hostsOf("b")).length === 1);
  await fence(world);
}

/** Resolves when Envoy has done all that came before. */
async function fence({ server }: ScriptedWorld): Promise<void> {
  await server.sendAndWait({ type: "route", parts: [routesTo("r", { "/a": "a", "/": "b" })] });
}

function asks(name: string): (request: SeenRequest) => boolean {
  return ({ type, names }) => type === "endpoint" && names.includes(name);
}
