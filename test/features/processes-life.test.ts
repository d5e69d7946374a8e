/** The services as processes of their own on a real NATS: how they come up, say how they are, and stop. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type NatsTestServer, type NatsTestServers, startNatsServer } from "../nats/nats-server.ts";
import { documents, gatewayYaml } from "./cli/manifests.ts";
import { repositoryRoot, runCli } from "./cli/run-cli.ts";
import { type StartedServices, startServices } from "./processes/control-plane.ts";
import type { Page, ServiceProcess } from "./processes/service-process.ts";
import { RawClient } from "./xds/raw-client.ts";

/** As long as all that is waited for in one test may take. */
const timeout = 60_000;
/** A service that is asked to stop does so within this, milliseconds. */
const stopWithinMs = 2_000;

let servers: NatsTestServers;
let nats: NatsTestServer;
let services: StartedServices;

before(async () => {
  const started = await startNatsServer();
  servers = started;
  nats = started.server;
  // The services come first.
  await nats.stop();
  services = await startServices(servers.url);
});

after(async () => {
  await services.dispose();
  await servers.dispose();
});

const json = ({ body }: Page) => JSON.parse(body) as Record<string, unknown>;
const saysOf = (pattern: RegExp) => (page: Page) => page.status === 503 && pattern.test(page.body);

test("services that are started before NATS live, are not ready, and say why", { timeout }, async () => {
  for (const service of services.all) {
    assert.equal((await service.pageThat("/livez", ({ status }) => status === 200)).body, "ok\n");
    await service.pageThat("/readyz", saysOf(/connect to NATS/));
    const { reason } = await service.said(/open the logs on NATS: waiting/);
    assert.match(String(reason), /connect to NATS/);
  }
  const elsewhere = await services.api.page("/v1/head");
  assert.equal(elsewhere.status, 503);
  assert.match(elsewhere.body, /"code":"notReady"/);
});

test("with NATS there and no streams, they wait for the streams and name the command", {
  timeout,
}, async () => {
  await nats.start();
  for (const service of services.all) {
    await service.pageThat("/readyz", saysOf(/stream \w+ not found/));
    await service.saw(/routeledger log create/);
  }
});

test("once the streams are made, all become ready by themselves", { timeout }, async () => {
  const created = await runCli(["log", "create", "--nats-url", servers.url]);
  assert.equal(created.code, 0, created.stderr);
  assert.match(created.stdout, /stream CONFIG: created, 1 replica/);
  const again = await runCli(["log", "create", "--nats-url", servers.url, "--replicas", "3"]);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /stream CONFIG: was there, left as it is/);
  for (const service of services.all) await service.ready();
  assert.equal(json(await services.edge.ready()).log, "followed");
  const { role, term } = json(
    await services.translator.pageThat("/readyz", ({ body }) => /"role":"leading"/.test(body)),
  );
  assert.equal(role, "leading");
  assert.equal(term, 1);
});

test("an apply goes the whole path, and a replay of the streams agrees", { timeout }, async () => {
  const applied = await runCli(["apply", "-f", "-"], {
    server: `http://${await services.api.operations()}`,
    stdin: documents(gatewayClass, gatewayYaml("web", 18_888)),
  });
  assert.equal(applied.code, 0, applied.stdout + applied.stderr);
  await services.edge.pageThat("/readyz", ({ body }) => /"gateways":1/.test(body));
  await services.edge.pageThat("/loads", ({ status, body }) => status === 200 && /"nodeGroups":/.test(body));
  await services.edge.pageThat("/loads?windowMs=0", ({ status }) => status === 400);
  const replay = await runCli(["replay", "--check", "--nats-url", servers.url, "-o", "json"]);
  assert.equal(replay.code, 0, replay.stdout + replay.stderr);
  assert.deepEqual(JSON.parse(replay.stdout).differences, []);
  const asked = await runCli(["replay", "--check"], { server: `http://${await services.api.operations()}` });
  assert.match(asked.stdout, /equal, byte for byte/);
});

test("metrics are those of the process and of the service", { timeout }, async () => {
  for (const service of services.all) {
    const { status, body } = await service.page("/metrics");
    assert.equal(status, 200);
    assert.match(body, /^routeledger_log_reachable 1$/m);
    assert.match(body, /^process_resident_memory_bytes \d+/m);
    assert.match(body, /^nodejs_eventloop_lag_p99_seconds /m);
  }
});

test("docs/processes.md names every metric, and none that is not there", { timeout }, async () => {
  const text = await readFile(join(repositoryRoot, "docs/processes.md"), "utf8");
  const documented = [...text.matchAll(/^\| `(routeledger_\w+)` \| (\w+) \|/gm)].map(
    ([, name, kind]) => `${name} ${kind}`,
  );
  const shown = new Set<string>();
  for (const service of services.all) {
    const { body } = await service.page("/metrics");
    for (const [, metric] of body.matchAll(/^# TYPE (routeledger_\w+ \w+)$/gm)) shown.add(metric as string);
  }
  assert.deepEqual(documented.sort(), [...shown].sort());
});

test("without NATS the edge stays ready and says what it serves; the others are not ready", {
  timeout,
}, async () => {
  await nats.kill();
  const edge = await services.edge.pageThat("/readyz", ({ body }) => /serves what it has/.test(body));
  assert.equal(edge.status, 200);
  for (const service of [services.api, services.translator]) {
    await service.pageThat("/readyz", ({ status }) => status === 503);
    assert.equal((await service.page("/livez")).status, 200);
  }
  assert.match((await services.edge.page("/metrics")).body, /^routeledger_log_reachable 0$/m);
  await nats.start();
  for (const service of services.all) await service.ready();
  await services.edge.pageThat("/readyz", ({ body }) => /"log":"followed"/.test(body));
});

test("SIGTERM with open streams ends each in order: exit code 0 within 2 s, the proxy is told", {
  timeout,
}, async () => {
  const address = String((await services.edge.said(/edge is ready/)).address);
  const client = new RawClient(address);
  const stream = client.open("delta", { id: "envoy-1", cluster: "default/web" });
  stream.subscribe("listener");
  await services.edge.pageThat("/readyz", ({ body }) => /"proxies":1/.test(body));
  const ended = stream.ended;
  for (const service of [services.edge, services.translator, services.api]) await stopsInTime(service);
  assert.match((await ended).details, /the edge stops/);
  client.close();
});

test("SIGTERM while NATS is gone ends each within 2 s, too", { timeout }, async () => {
  const others = await startServices(servers.url);
  try {
    for (const service of others.all) await service.ready();
    await nats.kill();
    await others.edge.pageThat("/readyz", ({ body }) => /serves what it has/.test(body));
    for (const service of others.all) await stopsInTime(service);
  } finally {
    await others.dispose();
  }
});

test("SIGTERM while a service still waits for NATS ends it at once", { timeout }, async () => {
  const waiting = await startServices(servers.url);
  try {
    for (const service of waiting.all) await service.said(/open the logs on NATS: waiting/);
    for (const service of waiting.all) await stopsInTime(service);
  } finally {
    await waiting.dispose();
  }
});

async function stopsInTime(service: ServiceProcess): Promise<void> {
  const startedMs = performance.now();
  assert.equal(await service.end("SIGTERM"), 0, service.output);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < stopWithinMs, `stopped after ${tookMs} ms:\n${service.output}`);
  assert.doesNotMatch(service.output, /what was under way is not done/);
}

const gatewayClass = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: routeledger
spec:
  controllerName: routeledger.dev/gateway
`;
