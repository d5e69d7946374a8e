/** Real Envoys report their requests to clusters to the edge (LRS), and the edge counts what they did. */
import { deepEqual, equal } from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { Bootstrap } from "@routeledger/translation";
import { defaultGroup } from "../features/xds/edge-world.ts";
import { cluster, endpoints, listener } from "../features/xds/sample-parts.ts";
import { routesTo } from "./edge/envoy-parts.ts";
import { EnvoyWorld, noFaults, type Ports, type Variant, variants } from "./edge/envoy-world.ts";

const windowMs = 60_000;

/** Answers 503 below /bad, never below /open, else 200. Resolves to its port. */
async function startBackend(test: TestContext): Promise<number> {
  const backend = createServer(({ url = "" }, response) => {
    if (url.startsWith("/open")) return;
    response.statusCode = url.startsWith("/bad") ? 503 : 200;
    response.end("ok");
  });
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    backend.closeAllConnections();
    backend.close();
  });
  return (backend.address() as AddressInfo).port;
}

function parts({ port }: Ports, backendPort: number) {
  return [
    listener("l", { port, table: "r" }),
    routesTo("r", { "/dead": "dead", "/": "a" }),
    ...[cluster("a"), endpoints("a", backendPort)],
    ...[cluster("dead"), endpoints("dead", 1)],
    ...[cluster("idle"), endpoints("idle", backendPort)],
  ];
}

const loadOf = ({ edge }: EnvoyWorld, name: string) =>
  edge.loads.sum({ nodeGroup: defaultGroup, cluster: name, windowMs });

/** Requests to a cluster that Envoy has only now are in none of its reports: asks until one is. Returns what is. */
async function untilReported(world: EnvoyWorld, path: string, name: string) {
  await world.envoy.until(`reports of ${name}`, async () => {
    await asked(world, path, 1);
    const { successful, errors } = loadOf(world, name);
    return successful + errors > 0;
  });
  // Those that were asked last stand in the first report from now, which has come when two more were sent.
  const reports = (): Promise<number> => world.envoy.stat("load_reporter.responses");
  const sent = await reports();
  await world.envoy.until("three more reports", async () => (await reports()) >= sent + 3);
  return loadOf(world, name);
}

async function asked({ port }: EnvoyWorld, path: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

/**
 * Until 1.37 Envoy reports a cluster only when a request reached a backend: this lets it report connections that failed,
 * too. Newer ones do, and take the setting for a mistake.
 */
function reportingFailures(made: Bootstrap): Bootstrap {
  const layer = { "envoy.reloadable_features.report_load_with_rq_issued": false };
  return { ...made, layered_runtime: { layers: [{ name: "test", static_layer: layer }] } };
}

async function play(t: TestContext, variant: Variant): Promise<void> {
  const backendPort = await startBackend(t);
  const world = await EnvoyWorld.start(t, variant, (ports) => parts(ports, backendPort), {
    edge: { loadReportIntervalMs: 200 },
    ...(variant.version === "1.36.4" && { bootstrap: reportingFailures }),
  });
  const { envoy, port } = world;
  const a = await untilReported(world, "/", "a");
  await untilReported(world, "/dead", "dead");
  const open = new AbortController();
  const hanging = fetch(`http://127.0.0.1:${port}/open`, { signal: open.signal }).catch(() => undefined);
  await asked(world, "/", 30);
  await asked(world, "/bad", 10);
  await envoy.until("all in reports", async () => {
    const { errors, successful } = loadOf(world, "a");
    return errors + successful >= a.errors + a.successful + 40;
  });
  const { successful, errors, issued, inProgress, proxies } = loadOf(world, "a");
  deepEqual(
    { successful: successful - a.successful, errors, issued: issued - a.issued, inProgress, proxies },
    { successful: 30, errors: 10, issued: 41, inProgress: 1, proxies: 1 },
  );
  equal(loadOf(world, "dead").errorShare, 1);
  equal(loadOf(world, "idle").errorShare, undefined);
  open.abort();
  await hanging;
  await world.stopEdge();
  const stoppedMs = performance.now();
  await asked(world, "/bad", 7);
  await world.startEdge();
  await envoy.until("reports to the next edge", async () => loadOf(world, "a").proxies === 1);
  const tookMs = (performance.now() - stoppedMs).toFixed(0);
  t.diagnostic(`Envoy ${variant.version} reports again ${tookMs} ms after its edge had stopped`);
  deepEqual(loadOf(world, "a"), {
    ...{ successful: 0, errors: 7, issued: 7, inProgress: 0, errorShare: 1, proxies: 1 },
  });
  deepEqual(await world.faults(), noFaults);
}

test("LRS: requests, errors and what is in progress are counted as they were, and those between two edges at the next", async (t) => {
  // Both at once: an Envoy whose stream of reports ended comes back after 5 s.
  const delta = variants.filter(({ protocol }) => protocol === "delta");
  await Promise.all(delta.map((variant) => play(t, variant)));
});
