/** How Envoy waits for secrets and route tables: seen again with a scripted server. */
import { equal, ok } from "node:assert/strict";
import { describe, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { endpoints } from "../features/xds/sample-parts.ts";
import {
  answering,
  certificateSecret,
  clientTls,
  edsCluster,
  httpChain,
  httpListener,
  mismatchedSecret,
  routesTo,
  serverTls,
  staticCluster,
  trustSecret,
} from "./edge/envoy-parts.ts";
import { variants } from "./edge/envoy-world.ts";
import { type ScriptedPorts, ScriptedWorld } from "./edge/scripted-world.ts";
import { certificateA, certificateB } from "./edge/test-certificates.ts";
import { askOverTls } from "./edge/tls-load.ts";

const fetchTimeoutMs = 500;

for (const variant of variants) {
  describe(`${variant.name} waits`, { concurrency: 4 }, () => {
    test("[E] 1.3.5: another timeout of a listener's secret makes it warm for that long, then reset handshakes, until the secret is sent again", async (t) => {
      const secret = certificateSecret("s", certificateA);
      const secured = ({ port }: ScriptedPorts, timeoutMs: number): Part =>
        httpListener("l", { port, transportSocket: serverTls("s", timeoutMs) });
      const world = await ScriptedWorld.start(t, variant, (ports) => [secured(ports, 9_000), secret]);
      equal((await askOverTls(world.port)).status, "204");
      world.server.answer([], []);
      const start = performance.now();
      world.server.send({ type: "listener", parts: [secured(world, fetchTimeoutMs)] });
      await untilListenersWarm(world, 1);
      equal((await askOverTls(world.port)).status, "204");
      await untilListenersWarm(world, 0);
      const tookMs = performance.now() - start;
      ok(tookMs >= fetchTimeoutMs - 50, `it warms for ${fetchTimeoutMs} ms, got ${tookMs}`);
      await world.envoy.until("handshake that fails", async () => (await answer(world)) !== "204");
      await world.server.sendAndWait({ type: "secret", parts: [secret] });
      await world.envoy.until("handshake", async () => (await answer(world)) === "204");
    });

    test("[E] 1.3.5: another timeout of a listener's route table makes it wait for nothing", async (t) => {
      const parts = ({ port }: ScriptedPorts, timeoutMs: number): Part =>
        httpListener("l", { port, table: "r", fetchTimeoutMs: timeoutMs });
      const world = await ScriptedWorld.start(t, variant, (ports) => [
        parts(ports, 9_000),
        answering("r", 204),
      ]);
      world.server.answer([], []);
      await world.server.sendAndWait({ type: "listener", parts: [parts(world, 8_000)] });
      await untilListenersWarm(world, 0);
      equal(await world.envoy.stat("listener_manager.listener_modified"), 1);
      equal(await world.status(), "204");
    });

    test("[E] 1.3.1: a NACK of another secret ends the wait of a cluster for its own, and it answers 503", async (t) => {
      const world = await ScriptedWorld.start(t, variant, tlsBackend);
      const { server } = world;
      server.answer([], []);
      const waiting = edsCluster("a", { more: { transportSocket: clientTls("missing") } });
      server.send({ type: "cluster", parts: [waiting] });
      await world.untilWarming(1);
      server.send({ type: "endpoint", parts: [endpoints("a", world.backendPort)] });
      await server.until("request for the secret", ({ names }) => names.includes("missing"));
      equal(await world.warming, 1);
      const bad = mismatchedSecret("certificate", certificateA, certificateB);
      equal((await server.sendAndWait({ type: "secret", parts: [bad] })).kind, "nack");
      await world.untilWarming(0);
      equal(await world.status("/", world.port), "503");
    });

    test("[E] rule 46: a cluster whose secret is missing asks for it after its endpoints, keeps the old one serving, and withholds the ACK of clusters", async (t) => {
      const world = await ScriptedWorld.start(t, variant, tlsBackend);
      const { server } = world;
      server.answer([], []);
      const waiting = edsCluster("a", { more: { transportSocket: clientTls("missing") } });
      const nonce = server.send({ type: "cluster", parts: [waiting] });
      await world.untilWarming(1);
      ok(!server.requests.some(({ names }) => names.includes("missing")), "first it waits for endpoints");
      await server.sendAndWait({ type: "endpoint", parts: [endpoints("a", world.backendPort)] });
      await server.until("request for the secret", ({ names }) => names.includes("missing"));
      equal(await world.warming, 1);
      equal(await world.status(), "200");
      ok(!server.isAnswered(nonce), "no ACK of clusters");
      server.send({ type: "secret", parts: [trustSecret("missing", certificateA)] });
      const ack = await server.until("ACK of clusters", (request) => request.nonce === nonce);
      equal(ack.kind, "ack");
      await world.untilWarming(0);
    });

    test("[E] 1.3.9: one missing secret at start closes the port for all hosts until its timeout", async (t) => {
      const world = await ScriptedWorld.open(t, variant, (server, ports) =>
        server.answerAll([bothHosts(ports), certificateSecret("here", certificateA)]),
      );
      await world.server.until("request for secrets", ({ names }) => names.includes("missing"));
      equal((await askOverTls(world.port)).status, "failed: ECONNREFUSED");
      await world.envoy.untilReady();
      equal(await world.envoy.sumOf("init_fetch_timeout"), 1);
      await world.envoy.until("the host whose secret is here", async () => (await answer(world)) === "204");
    });
  });
}

for (const variant of variants.filter(({ protocol }) => protocol === "delta")) {
  test(`[E] rule 29, ${variant.name}: the removal of a secret that is missing ends the wait for it at once`, async (t) => {
    const world = await ScriptedWorld.start(t, variant, tlsBackend);
    const { server } = world;
    server.answer([], []);
    const waiting = staticCluster("a", world.backendPort, { transportSocket: clientTls("missing") });
    server.send({ type: "cluster", parts: [waiting] });
    await world.untilWarming(1);
    await server.until("request for the secret", ({ names }) => names.includes("missing"));
    equal((await server.sendAndWait({ type: "secret", removed: ["missing"] })).kind, "ack");
    await world.untilWarming(0);
    equal(await world.status(), "503");
    equal(await world.envoy.sumOf("init_fetch_timeout"), 0);
  });
}

/** A plain backend, and a secret that a listener has. */
function tlsBackend({ port, otherPort, backendPort }: ScriptedPorts): Part[] {
  return [
    httpListener("l", { port, table: "r" }),
    httpListener("other", { port: otherPort, transportSocket: serverTls("certificate") }),
    certificateSecret("certificate", certificateA),
    routesTo("r", { "/": "a" }),
    edsCluster("a"),
    endpoints("a", backendPort),
  ];
}

/** A listener with a host whose secret is here, and one whose secret is missing. */
function bothHosts({ port }: ScriptedPorts): Part {
  const other = {
    ...httpChain({ transportSocket: serverTls("missing", fetchTimeoutMs) }),
    name: "other",
    filterChainMatch: { serverNames: ["b.example"] },
  };
  return httpListener("l", { port, sni: true, transportSocket: serverTls("here"), moreChains: [other] });
}

async function answer({ port }: ScriptedPorts): Promise<string> {
  return (await askOverTls(port)).status;
}

async function untilListenersWarm({ envoy }: ScriptedWorld, count: number): Promise<void> {
  await envoy.until(
    `${count} warming listeners`,
    async () => (await envoy.stat("listener_manager.total_listeners_warming")) === count,
  );
}
