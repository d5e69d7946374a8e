/** What we believe of a warming Envoy, seen again: a scripted server sends, and what Envoy asks and serves is compared. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { freePorts } from "../conformance/free-ports.ts";
import { endpoints } from "../features/xds/sample-parts.ts";
import {
  answering,
  edsCluster,
  httpListener,
  invalidEndpoints,
  invalidRoute,
  routesTo,
  staticCluster,
  unbuildableCluster,
} from "./edge/envoy-parts.ts";
import { type Variant, variants } from "./edge/envoy-world.ts";
import { type Scripted, type ScriptedServer, versionOf } from "./edge/scripted-server.ts";
import { type ScriptedPorts, ScriptedWorld } from "./edge/scripted-world.ts";

for (const variant of variants) {
  describe(`${variant.name} warms`, { concurrency: 4 }, () => {
    test("[E] 1.3.1: a NACK of an unrelated cluster's endpoints ends the warming of every waiting cluster, with 0 hosts", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      await warmA(world);
      const rejected = await server.sendAndWait({
        type: "endpoint",
        parts: [invalidEndpoints("b", world.backendPort)],
      });
      equal(rejected.kind, "nack");
      await world.untilWarming(0);
      await world.assertHosts("a");
      await world.assertHosts("b", world.backendPort);
      equal(await world.status("/a"), "503");
      equal(await world.status("/b"), "200");
    });

    test("[E] 1.3.1: a NACK of another route table ends the warming of a listener that waits for its own, which answers 404", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const listeners = [
        httpListener("l", { port: world.port, table: "r" }),
        httpListener("other", { port: world.otherPort, table: "missing" }),
      ];
      server.send({ type: "listener", parts: listeners });
      await untilListenersWarm(world, 1);
      equal((await server.sendAndWait({ type: "route", parts: [invalidRoute("r")] })).kind, "nack");
      await untilListenersWarm(world, 0);
      equal(await world.status("/", world.otherPort), "404");
      equal(await world.status("/a"), "200");
    });

    test("[E] 1.3.2: the ACK of clusters is withheld while one warms, and comes when its endpoints do", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const nonce = await warmA(world);
      await fence(world);
      ok(!server.isAnswered(nonce), "no ACK while it warms");
      server.send({ type: "endpoint", parts: [endpoints("a", world.backendPort)] });
      const ack = await server.until("ACK", (request) => request.nonce === nonce);
      equal(ack.kind, "ack");
      await world.untilWarming(0);
      equal(await world.status("/a"), "200");
    });

    test("[E] 1.3.2: a NACK of clusters is withheld while one of them warms", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const nonce = server.send({
        type: "cluster",
        parts: [edsCluster("a", { timeoutMs: 2_000 }), edsCluster("b"), unbuildableCluster("bad")],
      });
      await world.untilWarming(1);
      await fence(world);
      ok(!server.isAnswered(nonce), "no NACK while it warms");
      server.send({ type: "endpoint", parts: [endpoints("a", world.backendPort)] });
      const nack = await server.until("NACK", (request) => request.nonce === nonce);
      equal(nack.kind, "nack");
      ok(nack.error.includes("bad"), `an error that names the cluster, got ${nack.error}`);
    });

    test("[E] 1.3.2: on a new stream a warming Envoy asks for no clusters, but for endpoints with the versions it had", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      await warmA(world);
      server.stop();
      server.answer([], []);
      await server.start();
      const first = await server.until("endpoints on the new stream", onStream(2, "endpoint"));
      deepEqual(first.names, ["a", "b"]);
      if (variant.protocol === "delta") {
        deepEqual(first.initialVersions, {
          a: versionOf(endpoints("a", world.backendPort).digest),
          b: versionOf(endpoints("b", world.backendPort).digest),
        });
      } else {
        ok(first.version !== "", "the version of the last response");
      }
      await server.until("listeners on the new stream", onStream(2, "listener"));
      await server.until("route tables on the new stream", onStream(2, "route"));
      await fence(world);
      ok(!server.requests.some(onStream(2, "cluster")), "no request for clusters");
      server.send({ type: "endpoint", parts: [endpoints("a", world.backendPort)] });
      await server.until("clusters on the new stream", onStream(2, "cluster"));
      await world.untilWarming(0);
    });

    test("[E] 1.3.2: at start the ACK of clusters comes at once, and the request for listeners waits", async (t) => {
      const world = await ScriptedWorld.open(t, variant, (server, ports) =>
        server.answer(["cluster"], partsOf(ports)),
      );
      const { server } = world;
      const ask = await server.until("request for endpoints", ({ type }) => type === "endpoint");
      deepEqual(ask.names, ["a", "b"]);
      await server.until("ACK of clusters", ({ type, kind }) => type === "cluster" && kind === "ack");
      ok(!server.requests.some(({ type }) => type === "listener"), "no request for listeners yet");
      const parts = partsOf(world);
      server.answer(["listener", "route"], parts);
      server.send({ type: "endpoint", parts: parts.filter(({ type }) => type === "endpoint") });
      await server.until("request for listeners", ({ type }) => type === "listener");
      await world.envoy.untilReady();
    });

    test("[E] 1.3.2: clusters that were superseded while one warmed are not answered in SotW, and are in delta", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const superseded = await warmA(world);
      const nonce = server.send({ type: "cluster", parts: clustersOf({ timeoutMs: 3_000 }) });
      await fence(world);
      ok(!server.isAnswered(superseded) && !server.isAnswered(nonce), "no ACK while it warms");
      server.send({ type: "endpoint", parts: [endpoints("a", world.backendPort)] });
      await server.until("ACK of the newer", (request) => request.nonce === nonce);
      await fence(world);
      equal(server.isAnswered(superseded), variant.protocol === "delta");
    });

    test("[E] 1.3.2: one stuck cluster withholds the ACK of later clusters that are live, and its removal releases it", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const stuck = edsCluster("stuck");
      server.send({ type: "cluster", parts: [...clustersOf(), stuck] });
      await world.untilWarming(1);
      const later = staticCluster("later", world.backendPort);
      const nonce = server.send({ type: "cluster", parts: [...clustersOf(), stuck, later] });
      await world.envoy.until("live cluster", async () => (await world.hostsOf("later")).length === 1);
      await fence(world);
      ok(!server.isAnswered(nonce), "no ACK while the other is stuck");
      const parts = [...clustersOf(), later];
      const removed = server.protocol === "delta" ? ["stuck"] : [];
      equal((await server.sendAndWait({ type: "cluster", parts, removed })).kind, "ack");
      if (variant.protocol === "delta") ok(server.isAnswered(nonce), "the ACK that was withheld");
    });

    test("[E] 1.3.3: endpoints are taken from the cache, but only once the fetch timeout is over", async (t) => {
      const fetchTimeoutMs = 700;
      const world = await ScriptedWorld.start(t, variant, (ports) =>
        partsOf(ports, { a: edsCluster("a", { fetchTimeoutMs }) }),
      );
      const { server, envoy } = world;
      server.answer([], []);
      const start = performance.now();
      const a = edsCluster("a", { fetchTimeoutMs, timeoutMs: 2_000 });
      server.send({ type: "cluster", parts: [a, edsCluster("b")] });
      await world.untilWarming(1);
      await world.untilWarming(0);
      const tookMs = performance.now() - start;
      ok(tookMs >= fetchTimeoutMs - 50, `warm after ${fetchTimeoutMs} ms, got ${tookMs}`);
      equal(await envoy.stat("cluster.a.init_fetch_timeout"), 1);
      equal(await envoy.stat("cluster.a.assignment_use_cached"), 1);
      await world.assertHosts("a", world.backendPort);
    });

    test("[E] 1.3.4: a live cluster whose endpoints are absent keeps its hosts", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      equal((await server.sendAndWait(absentA(server))).kind, "ack");
      await world.assertHosts("a", world.backendPort);
      equal(await world.status("/a"), "200");
    });

    test("[E] 1.3.4: a cluster that warms again goes live with 0 hosts when its endpoints are removed; in SotW absence says nothing", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const nonce = await warmA(world);
      equal((await server.sendAndWait(absentA(server))).kind, "ack");
      if (server.protocol === "sotw") {
        equal(await world.warming, 1);
        ok(!server.isAnswered(nonce), "no ACK of the clusters");
        await world.assertHosts("a", world.backendPort);
        return;
      }
      await world.untilWarming(0);
      await world.assertHosts("a");
      equal(await world.status("/a"), "503");
      ok((await world.envoy.stat("cluster.a.update_empty")) >= 1, "update_empty counts");
    });

    test("[E] 1.3.8: a route to a cluster that is missing, or that warms for the first time, answers 503 at once", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      await server.sendAndWait({ type: "route", parts: [routesTo("r", { "/new": "new", "/": "b" })] });
      equal(await world.status("/new"), "503");
      equal(await world.envoy.stat("http.l.no_cluster"), 1);
      server.send({ type: "cluster", parts: [...clustersOf(), edsCluster("new")] });
      await world.untilWarming(1);
      equal(await world.status("/new"), "503");
      equal(await world.envoy.stat("http.l.no_cluster"), 2);
      server.send({ type: "endpoint", parts: [endpoints("new", world.backendPort)] });
      await world.untilWarming(0);
      equal(await world.status("/new"), "200");
    });

    test("[E] 1.3.6: a route table that is removed goes on being served", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const removed = server.protocol === "delta" ? ["r"] : [];
      equal((await server.sendAndWait({ type: "route", removed })).kind, "ack");
      equal(await world.status("/a"), "200");
    });
  });
}

/** What concerns delta alone. */
for (const variant of variants.filter(({ protocol }) => protocol === "delta")) {
  describe(`${variant.name} warms`, { concurrency: 4 }, () => {
    test("[E] 1.3.6: the removal of a route table for which a listener waits cancels the timeout, until the table comes", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      const first = httpListener("l", { port: world.port, table: "r" });
      const waiting = (name: string, port: number): Part =>
        httpListener(name, { port, table: `table-of-${name}`, fetchTimeoutMs: 300 });
      server.send({ type: "listener", parts: [first, waiting("cancelled", world.otherPort)] });
      await server.until("request for the table", ({ names }) => names.includes("table-of-cancelled"));
      equal((await server.sendAndWait({ type: "route", removed: ["table-of-cancelled"] })).kind, "ack");
      const [timedPort = 0] = await freePorts(1);
      // A second one with the same timeout, from later: when that is over, the first one's would be.
      server.send({ type: "listener", parts: [waiting("timed", timedPort)] });
      await world.envoy.until(
        "timeout of the other",
        async () => (await world.envoy.sumOf("rds.table-of-timed.init_fetch_timeout")) === 1,
      );
      equal(await world.envoy.stat("listener_manager.total_listeners_warming"), 1);
      await server.sendAndWait({ type: "route", parts: [answering("table-of-cancelled", 204)] });
      await untilListenersWarm(world, 0);
      equal(await world.status("/", world.otherPort), "204");
    });

    test("[E] 1.2.9: a heartbeat without a body does not end warming", async (t) => {
      const { world, server } = await twoClusters(t, variant);
      await warmA(world);
      const heartbeat = [endpoints("a", world.backendPort)];
      equal((await server.sendAndWait({ type: "endpoint", bodiless: heartbeat })).kind, "ack");
      equal(await world.warming, 1);
      await server.sendAndWait({ type: "endpoint", parts: heartbeat });
      await world.untilWarming(0);
    });
  });
}

/** `/a` and all else go to clusters of their own; nothing is answered by itself any more. */
async function twoClusters(
  t: TestContext,
  variant: Variant,
): Promise<{ world: ScriptedWorld; server: ScriptedServer }> {
  const world = await ScriptedWorld.start(t, variant, partsOf);
  world.server.answer([], []);
  return { world, server: world.server };
}

function partsOf(ports: ScriptedPorts, { a = edsCluster("a") } = {}): Part[] {
  return [
    httpListener("l", { port: ports.port, table: "r" }),
    routesTo("r", { "/a": "a", "/": "b" }),
    a,
    edsCluster("b"),
    endpoints("a", ports.backendPort),
    endpoints("b", ports.backendPort),
  ];
}

function clustersOf({ timeoutMs = 1_000 } = {}): Part[] {
  return [edsCluster("a", { timeoutMs }), edsCluster("b")];
}

/** Changes cluster a, and nothing else. Returns the response's nonce. */
async function warmA(world: ScriptedWorld): Promise<string> {
  const nonce = world.server.send({ type: "cluster", parts: clustersOf({ timeoutMs: 2_000 }) });
  await world.untilWarming(1);
  return nonce;
}

/** Resolves when Envoy has done all that came before. */
async function fence({ server }: ScriptedWorld): Promise<void> {
  await server.sendAndWait({ type: "route", parts: [routesTo("r", { "/a": "a", "/": "b" })] });
}

/** A response in which the endpoints of a are absent. */
function absentA({ protocol }: ScriptedServer): Scripted {
  return { type: "endpoint", removed: protocol === "delta" ? ["a"] : [] };
}

function onStream(stream: number, type: string) {
  return (request: { readonly stream: number; readonly type: string | undefined }): boolean =>
    request.stream === stream && request.type === type;
}

async function untilListenersWarm({ envoy }: ScriptedWorld, count: number): Promise<void> {
  await envoy.until(
    `${count} warming listeners`,
    async () => (await envoy.stat("listener_manager.total_listeners_warming")) === count,
  );
}
