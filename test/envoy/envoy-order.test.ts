/** In which order Envoy must be told, and what it loses otherwise: seen again with a scripted server, under load. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { endpoints } from "../features/xds/sample-parts.ts";
import {
  answering,
  certificateSecret,
  edsCluster,
  httpListener,
  invalidCluster,
  mismatchedSecret,
  routesTo,
  serverTls,
  unbuildableCluster,
} from "./edge/envoy-parts.ts";
import { type Variant, variants } from "./edge/envoy-world.ts";
import { KeptConnection } from "./edge/kept-connection.ts";
import type { ScriptedServer } from "./edge/scripted-server.ts";
import { type ScriptedPorts, ScriptedWorld } from "./edge/scripted-world.ts";
import { certificateA, certificateB } from "./edge/test-certificates.ts";

for (const variant of variants) {
  describe(`${variant.name} needs`, { concurrency: 4 }, () => {
    test("[E] rule 39: endpoints that come before their changed cluster do not warm it, and behind it they do at once", async (t) => {
      const { world, server } = await start(t, variant);
      server.send({ type: "endpoint", parts: [endpoints("c0", world.backendPort)] });
      const nonce = server.send({ type: "cluster", parts: [edsCluster("c0", { timeoutMs: 2_000 })] });
      await world.untilWarming(1);
      await server.sendAndWait({ type: "route", parts: [to("c0")] });
      equal(await world.warming, 1);
      ok(!server.isAnswered(nonce), "no ACK of the cluster");
      server.send({ type: "cluster", parts: [edsCluster("c0", { timeoutMs: 3_000 })] });
      server.send({ type: "endpoint", parts: [endpoints("c0", world.backendPort)] });
      await world.untilWarming(0);
      await world.assertHosts("c0", world.backendPort);
    });

    test("[E] rule 47: a cluster, its endpoints and the route to it at once lose nothing", async (t) => {
      const { world, server } = await start(t, variant);
      const load = world.load();
      await load.more(10);
      for (let move = 1; move <= 20; move++) {
        const [former, target] = [`c${move - 1}`, `c${move}`];
        server.send({ type: "cluster", parts: [edsCluster(former), edsCluster(target)] });
        server.send({ type: "endpoint", parts: [endpoints(target, world.backendPort)] });
        await server.sendAndWait({ type: "route", parts: [to(target)] });
        await without(server, former, [edsCluster(target)]);
        await load.more(2);
      }
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
    });

    test("[E] rule 47: a cluster that goes before the route to it loses requests", async (t) => {
      const { world, server } = await start(t, variant);
      const load = world.load();
      await load.more(10);
      server.send({ type: "cluster", parts: [edsCluster("c0"), edsCluster("c1")] });
      server.send({ type: "endpoint", parts: [endpoints("c1", world.backendPort)] });
      await world.envoy.until("hosts", async () => (await world.hostsOf("c1")).length === 1);
      await without(server, "c0", [edsCluster("c1")]);
      await load.more(1, "503");
      await server.sendAndWait({ type: "route", parts: [to("c1")] });
      ok((await world.envoy.stat("http.l.no_cluster")) > 0, "503 NC");
    });

    test("[E] rule 49: a cluster that goes while a listener that used it drains loses the requests of its connections", async (t) => {
      const { world, server } = await start(t, variant);
      const kept = await KeptConnection.open(world.port);
      t.after(() => kept.close());
      equal(await kept.status(), "200");
      server.send({ type: "cluster", parts: [edsCluster("c0"), edsCluster("c1")] });
      server.send({ type: "endpoint", parts: [endpoints("c1", world.backendPort)] });
      server.answer(["route"], [routesTo("r1", { "/": "c1" })]);
      server.send({ type: "listener", parts: [httpListener("l", { port: world.port, table: "r1" })] });
      await world.envoy.until("traffic of the new listener", async () => {
        await world.status();
        return (await world.envoy.stat("cluster.c1.upstream_rq_200")) > 0;
      });
      await without(server, "c0", [edsCluster("c1")]);
      const old = await kept.status();
      // What it had was ended by the drain, if not by the cluster that is gone.
      ok(["503", "closed"].includes(old), `no 200 of the old listener, got ${old}`);
      equal(await world.status(), "200");
    });

    test("[E] rule 43: a listener that returns to its route table has it at once while the old one drains, and asks for it afterwards", async (t) => {
      const { world, server } = await start(t, variant);
      const { port, envoy } = world;
      const [inline, byTable] = [httpListener("l", { port }), httpListener("l", { port, table: "r" })];
      const before = server.requests.length;
      await server.sendAndWait({ type: "listener", parts: [inline] });
      await envoy.until("answer of its own", async () => (await world.status()) === "204");
      await server.sendAndWait({ type: "listener", parts: [byTable] });
      await envoy.until("answer of the table", async () => (await world.status()) === "200");
      await envoy.until("end of drains", async () => (await draining(world)) === 0);
      await server.sendAndWait({ type: "listener", parts: [inline] });
      await envoy.until("end of drains", async () => (await draining(world)) === 0);
      const later = server.requests.length;
      await server.sendAndWait({ type: "listener", parts: [byTable] });
      await server.until(
        "request for the table",
        ({ type, names }) => type === "route" && names.includes("r"),
        later,
      );
      if (variant.protocol === "delta") {
        const asked = server.requests.slice(before, later).filter(({ type }) => type === "route");
        deepEqual(
          asked.map(({ names, unsubscribed }) => [names, unsubscribed]),
          [[[], ["r"]]],
          "[E] 1.3.7: it gives the table up once, when its last listener has drained",
        );
      }
      await server.sendAndWait({ type: "route", parts: [answering("r", 418)] });
      await envoy.until("answer of the table", async () => (await world.status()) === "418");
    });

    test("[E] rule 72: a NACK names the cluster that is bad, however it is bad, and no secret", async (t) => {
      const { world, server } = await start(t, variant);
      const unbuildable = await server.sendAndWait({
        type: "cluster",
        parts: [edsCluster("c0"), unbuildableCluster("bad")],
      });
      ok(/\bbad\b/.test(unbuildable.error), `the name, got ${unbuildable.error}`);
      const invalid = await server.sendAndWait({
        type: "cluster",
        parts: [edsCluster("c0"), invalidCluster("bad")],
      });
      ok(invalid.error.includes('name: "bad"'), `the resource's text, got ${invalid.error}`);
      const secured = httpListener("other", {
        port: world.otherPort,
        transportSocket: serverTls("certificate"),
      });
      const listeners = [httpListener("l", { port: world.port, table: "r" }), secured];
      server.answer(["secret"], [certificateSecret("certificate", certificateA)]);
      await server.sendAndWait({ type: "listener", parts: listeners });
      await server.until("ACK of the secret", ({ type, kind }) => type === "secret" && kind === "ack");
      const parts = [mismatchedSecret("certificate", certificateA, certificateB)];
      const secret = await server.sendAndWait({ type: "secret", parts });
      equal(secret.kind, "nack");
      ok(!secret.error.includes('certificate"'), `no name, got ${secret.error}`);
    });
  });
}

for (const variant of variants.filter(({ protocol }) => protocol === "delta")) {
  test(`[E] rule 31, ${variant.name}: what a rejected response brought outlives the server, until it is removed by name`, async (t) => {
    const { world, server } = await start(t, variant);
    const stray = edsCluster("stray");
    server.send({ type: "cluster", parts: [stray, unbuildableCluster("bad")] });
    server.send({ type: "endpoint", parts: [endpoints("stray", world.backendPort)] });
    await world.envoy.until("hosts", async () => (await world.hostsOf("stray")).length === 1);
    await server.until("NACK", ({ kind }) => kind === "nack");
    await server.reconnect();
    const first = await server.until("clusters", ({ stream, type }) => stream === 2 && type === "cluster");
    deepEqual(Object.keys(first.initialVersions), ["c0"]);
    const asked = await server.until("endpoints", ({ stream, type }) => stream === 2 && type === "endpoint");
    deepEqual(asked.names, ["c0", "stray"], "that it has it shows only in what endpoints it asks for");
    await server.sendAndWait({ type: "cluster", parts: [edsCluster("c0")] });
    equal((await world.hostsOf("stray")).length, 1);
    await server.sendAndWait({ type: "cluster", removed: ["stray"] });
    await world.envoy.until("its end", async () => (await world.hostsOf("stray")).length === 0);
  });
}

async function start(
  t: TestContext,
  variant: Variant,
): Promise<{ world: ScriptedWorld; server: ScriptedServer }> {
  const parts = ({ port, backendPort }: ScriptedPorts): Part[] => [
    httpListener("l", { port, table: "r" }),
    to("c0"),
    edsCluster("c0"),
    endpoints("c0", backendPort),
  ];
  const world = await ScriptedWorld.start(t, variant, parts);
  await world.server.sendAndWait({ type: "route", parts: [to("c0")] });
  world.server.answer([], []);
  return { world, server: world.server };
}

function to(cluster: string): Part {
  return routesTo("r", { "/": cluster });
}

/** Resolves when Envoy acknowledged that one cluster is gone and only these are left. */
async function without(server: ScriptedServer, gone: string, left: readonly Part[]): Promise<void> {
  const isDelta = server.protocol === "delta";
  await server.sendAndWait(isDelta ? { type: "cluster", removed: [gone] } : { type: "cluster", parts: left });
}

async function draining({ envoy }: ScriptedWorld): Promise<number> {
  const [listeners, chains] = await Promise.all([
    envoy.stat("listener_manager.total_listeners_draining"),
    envoy.stat("listener_manager.total_filter_chains_draining"),
  ]);
  return listeners + chains;
}
