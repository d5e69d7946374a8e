/** Clusters and listeners of a real Envoy that wait: for endpoints, secrets, health. Nothing else waits with them. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { packAny } from "@routeledger/protos";
import type { Bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";
import { endpoints } from "../features/xds/sample-parts.ts";
import { startDualBackend } from "./edge/dual-backend.ts";
import {
  certificateSecret,
  clientTls,
  edsCluster,
  httpListener,
  routesTo,
  serverTls,
  trustSecret,
} from "./edge/envoy-parts.ts";
import { EnvoyWorld, noFaults, type Ports, type Variant, variants } from "./edge/envoy-world.ts";
import { certificateA } from "./edge/test-certificates.ts";
import { askOverTls } from "./edge/tls-load.ts";

/** What nothing may take that need not wait, milliseconds. */
const recoveryMaxMs = 1_000;
/** TLS of a client that trusts everybody and waits for no secret. */
const plainTls = {
  name: "envoy.transport_sockets.tls",
  typedConfig: packAny("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {}),
};

for (const variant of variants) {
  describe(`${variant.name} warms`, { concurrency: 4 }, () => {
    test("rules 24 and 39: TLS goes on and off 100 times under load, and no request is lost", async (t) => {
      const backend = await startDualBackend(t);
      const parts = ({ port }: Ports, change: number): Part[] => [
        ...routed(port, "a"),
        edsCluster("a", { more: change % 2 === 0 ? {} : { transportSocket: plainTls } }),
        endpoints("a", backend.port),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
      const { envoy } = world;
      const load = world.load();
      await load.more(10);
      let worstMs = 0;
      for (let change = 1; change <= 100; change++) {
        await world.publish(parts(world, change));
        const tookMs = await envoy.until(
          `warm cluster after change ${change}`,
          async () =>
            (await envoy.stat("cluster_manager.cluster_modified")) >= change && (await world.warming) === 0,
        );
        worstMs = Math.max(worstMs, tookMs);
        await load.more(2);
      }
      await load.more(10);
      ok(worstMs < recoveryMaxMs, `warm within ${recoveryMaxMs} ms, at worst ${worstMs}`);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      ok(backend.handshakes > 0, "handshakes with the backend");
      deepEqual(await world.faults(), noFaults);
      t.diagnostic(`at worst ${worstMs.toFixed(1)} ms, ${JSON.stringify(load.counts)}`);
    });

    test("rules 25 and 46: one cluster that never warms, and traffic moves to new clusters, and no request is lost", async (t) => {
      const silentPort = await startSilentPort(t);
      const stuck = edsCluster("stuck", { source: silentSource });
      const parts = ({ port, backendPort }: Ports, move: number): Part[] => [
        ...routed(port, `c${move}`),
        ...(move === 0 ? [] : [stuck]),
        edsCluster(`c${move}`),
        endpoints(`c${move}`, backendPort),
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0), {
        bootstrap: (made) => withSilentCluster(made, silentPort),
      });
      const { envoy } = world;
      const load = world.load();
      await load.more(10);
      for (let move = 1; move <= 4; move++) {
        await world.publish(parts(world, move));
        await world.untilHosts(`c${move}`);
        await envoy.until(
          `traffic to c${move}`,
          async () => (await envoy.stat(`cluster.c${move}.upstream_rq_200`)) > 0,
        );
      }
      equal(await world.warming, 1);
      ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
      await world.publish(parts(world, 4).filter(({ resource }) => resource !== "stuck"));
      await envoy.until("no warming cluster", async () => (await world.warming) === 0);
      deepEqual(await world.faults(), noFaults);
    });

    test("rule 46: a cluster whose secret is missing holds nothing else back", async (t) => {
      const parts = ({ port, backendPort }: Ports, change: number, secrets: readonly Part[] = []): Part[] => [
        httpListener("l", { port, table: "r" }),
        routesTo("r", { "/a": "a", "/": `c${change}` }),
        edsCluster("a", change === 0 ? {} : { more: { transportSocket: clientTls("late", 0) } }),
        edsCluster(`c${change}`),
        endpoints("a", backendPort),
        endpoints(`c${change}`, backendPort),
        ...secrets,
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
      const { envoy } = world;
      const other = world.load("/other");
      await other.more(5);
      for (let change = 1; change <= 3; change++) {
        await world.publish(parts(world, change));
        await envoy.until(
          `traffic to c${change}`,
          async () => (await envoy.stat(`cluster.c${change}.upstream_rq_200`)) > 0,
        );
      }
      ok(other.hasOnly("200"), `only 200, got ${JSON.stringify(other.counts)}`);
      await world.publish(parts(world, 3, [trustSecret("late", certificateA)]));
      await envoy.until("no warming cluster", async () => (await world.warming) === 0);
      deepEqual(await world.faults(), noFaults);
      t.diagnostic(JSON.stringify(other.counts));
    });

    test("rule 48: traffic moves to a cluster that checks the health of its endpoints first, and no request is lost", async (t) => {
      const healthChecks = [
        {
          timeout: { seconds: 1 },
          interval: { nanos: 200_000_000 },
          noTrafficInterval: { nanos: 200_000_000 },
          unhealthyThreshold: { value: 1 },
          healthyThreshold: { value: 1 },
          httpHealthCheck: { path: "/" },
        },
      ];
      await moves(t, variant, (target) => edsCluster(target, { more: { healthChecks } }));
    });

    test("rule 48: traffic moves to a cluster that needs a secret which Envoy has not, and no request is lost", async (t) => {
      const backend = await startDualBackend(t);
      await moves(
        t,
        variant,
        (target) => edsCluster(target, { more: { transportSocket: clientTls(`trust-${target}`) } }),
        { backendPort: backend.port, more: (target) => [trustSecret(`trust-${target}`, certificateA)] },
      );
    });

    test("rules 29 and 42: a listener whose certificate is missing opens once it can be known, and serves when it comes", async (t) => {
      const parts = ({ port, otherPort }: Ports, secrets: readonly Part[] = []): Part[] => [
        httpListener("plain", { port }),
        httpListener("secured", { port: otherPort, transportSocket: serverTls("late", 500) }),
        ...secrets,
      ];
      const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports));
      equal(await world.status(), "204");
      await world.publish(parts(world, [certificateSecret("late", certificateA)]));
      await world.envoy.until(
        "an answer over TLS",
        async () => (await askOverTls(world.otherPort)).status === "204",
      );
      // Only delta can say that there is none; in SotW Envoy's own timeout ends the wait.
      const timedOut = variant.protocol === "delta" ? 0 : 1;
      deepEqual(await world.faults(), { ...noFaults, timedOut });
    });

    test("rule 36: a listener on a route table that does not exist answers 404 at once, what the table says when it comes, and goes on when it goes", async (t) => {
      const world = await EnvoyWorld.start(t, variant, ({ port, backendPort }) => [
        httpListener("l", { port, table: "late" }),
        edsCluster("a"),
        endpoints("a", backendPort),
      ]);
      ok(world.readyMs < recoveryMaxMs, `ready within ${recoveryMaxMs} ms, got ${world.readyMs}`);
      equal(await world.status(), "404");
      const { port, backendPort } = world;
      await world.publish([...routed(port, "a", "late"), edsCluster("a"), endpoints("a", backendPort)]);
      await world.envoy.until("answer of the table", async () => (await world.status()) === "200");
      await world.publish([
        httpListener("l", { port, table: "late" }),
        edsCluster("a", { timeoutMs: 2_000 }),
      ]);
      const modified = (): Promise<number> => world.envoy.stat("cluster_manager.cluster_modified");
      await world.envoy.until("later change", async () => (await modified()) === 1);
      equal(await world.status(), "200");
      deepEqual(await world.faults(), noFaults);
    });
  });
}

function routed(port: number, target: string, table = "r"): Part[] {
  return [httpListener("l", { port, table }), routesTo(table, { "/": target })];
}

interface Moving {
  readonly backendPort?: number;
  /** What a target needs besides its endpoints. */
  readonly more?: (target: string) => readonly Part[];
}

/** Traffic moves five times, in one commit each, to a cluster made by `targetOf`; none is lost. */
async function moves(
  t: TestContext,
  variant: Variant,
  targetOf: (target: string) => Part,
  { backendPort, more = () => [] }: Moving = {},
): Promise<void> {
  const parts = (ports: Ports, move: number): Part[] => {
    const target = `c${move}`;
    return [
      ...routed(ports.port, target),
      targetOf(target),
      endpoints(target, backendPort ?? ports.backendPort),
      ...more(target),
    ];
  };
  const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, 0));
  const { envoy } = world;
  const load = world.load();
  await load.more(10);
  for (let move = 1; move <= 5; move++) {
    await world.publish(parts(world, move));
    const traffic = async (): Promise<number> => envoy.stat(`cluster.c${move}.upstream_rq_200`);
    await envoy.until(`traffic to c${move}`, async () => (await traffic()) > 0);
  }
  const left = async (): Promise<number> => envoy.stat("cluster_manager.cluster_removed");
  await envoy.until("removal of what left", async () => (await left()) === 5);
  await load.more(10);
  ok(load.hasOnly("200"), `only 200, got ${JSON.stringify(load.counts)}`);
  deepEqual(await world.faults(), noFaults);
}

/** Endpoints that never come, and for which Envoy waits for ever. */
const silentSource = {
  apiConfigSource: {
    apiType: "GRPC",
    transportApiVersion: "V3",
    grpcServices: [{ envoyGrpc: { clusterName: "silent" } }],
  },
  resourceApiVersion: "V3",
  initialFetchTimeout: { seconds: 0 },
} as const;

function withSilentCluster(made: Bootstrap, port: number): Bootstrap {
  const { clusters } = Object(made.static_resources);
  const [edge] = clusters;
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const silent = {
    ...edge,
    name: "silent",
    load_assignment: { cluster_name: "silent", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
  return { ...made, static_resources: { clusters: [edge, silent] } };
}

/** Whoever connects hears nothing. Resolves to the port. */
async function startSilentPort(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
