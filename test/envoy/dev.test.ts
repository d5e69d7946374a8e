import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DevProcess } from "../features/cli/dev-process.ts";
import { HttpProbe } from "../features/cli/http-probe.ts";
import { backendYaml, documents, gatewayYaml, routeYaml } from "../features/cli/manifests.ts";
import { freePort, type NamedBackend, startNamedBackend } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { medianBelow } from "./median.ts";

/** What design.md promises for an edit to reach traffic, milliseconds. */
const medianMaxMs = 100;
const edits = 21;
/** What a start on existing data may take until traffic is served, milliseconds. */
const secondStartMaxMs = 5_000;

let dataFolder: string;
let backends: NamedBackend[];
let port: number;
let dev: DevProcess;
let probe: HttpProbe;

before(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "routeledger-dev-"));
  backends = await Promise.all(["blue", "green"].map((name) => startNamedBackend(name)));
  port = await freePort();
  probe = new HttpProbe(port);
  dev = new DevProcess({ dataFolder });
});

after(async () => {
  await dev.end("SIGTERM");
  probe.close();
  for (const backend of backends) await backend.close();
  await rm(dataFolder, { recursive: true, force: true });
});

function route(backend: string): string {
  return routeYaml({ name: "shop", gateway: "web", backend });
}

async function envoyPid(): Promise<string> {
  return readFile(join(dataFolder, "envoy", "default_web", "pid"), "utf8");
}

test("from apply to traffic: a Gateway gets an Envoy, and a request reaches the backend", async () => {
  const server = await dev.apiUrl();
  const input = documents(
    gatewayYaml("web", port),
    ...backends.map(({ name, port: at }) => backendYaml(name, at)),
    route("blue"),
  );
  const applied = await runCli(["apply", "-f", "-"], { server, stdin: input });
  assert.equal(applied.stderr, "");
  assert.equal(
    applied.stdout,
    "gateway.gateway.networking.k8s.io/web created\n" +
      "backend.gateway.envoyproxy.io/blue created\n" +
      "backend.gateway.envoyproxy.io/green created\n" +
      "httproute.gateway.networking.k8s.io/shop created\n",
  );
  await dev.saw(/gateway default\/web: serving/);
  await probe.until(({ status, body }) => status === 200 && body === "blue");
});

test("apply --wait returns when the proxy serves what was applied", async () => {
  const server = await dev.apiUrl();
  const applied = await runCli(["apply", "-f", "-", "--wait"], { server, stdin: route("green") });
  assert.equal(applied.code, 0, applied.stderr);
  assert.match(applied.stderr, /1 proxy has acknowledged it/);
  assert.deepEqual(await probe.get(), { status: 200, body: "green" });
});

test(`an edit reaches traffic in under ${medianMaxMs} ms, median`, async (t) => {
  const server = await dev.apiUrl();
  const { medianMs, slowestMs } = await medianBelow(medianMaxMs, edits, async (edit) => {
    const wanted = edit % 2 === 0 ? "blue" : "green";
    const startedMs = performance.now();
    const body = JSON.stringify({ files: [{ path: "shop.yaml", text: route(wanted) }] });
    const headers = { "content-type": "application/json" };
    const answered = fetch(`${server}/v1/apply`, { method: "POST", body, headers });
    await probe.until(({ body: name }) => name === wanted);
    const tookMs = performance.now() - startedMs;
    assert.equal((await answered).status, 200);
    return tookMs;
  });
  t.diagnostic(
    `edit to traffic: median ${medianMs.toFixed(1)} ms, slowest ${slowestMs.toFixed(1)} ms, n=${edits}`,
  );
  assert.ok(medianMs < medianMaxMs, `median ${medianMs} ms`);
});

test("a dev that was killed leaves its Envoy serving, and the next one adopts it", async (t) => {
  const pid = await envoyPid();
  await dev.end("SIGKILL");
  assert.equal((await probe.get()).status, 200);
  const startedMs = performance.now();
  dev = new DevProcess({ dataFolder });
  await dev.saw(/gateway default\/web: serving \(adopted the Envoy that was running\)/);
  const tookMs = performance.now() - startedMs;
  t.diagnostic(`second start: ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < secondStartMaxMs, `second start took ${tookMs} ms`);
  assert.equal(await envoyPid(), pid);
  const server = await dev.apiUrl();
  const applied = await runCli(["apply", "-f", "-"], { server, stdin: route("green") });
  assert.equal(applied.code, 0, applied.stderr);
  // The adopted Envoy comes back to the edge in its own time.
  await probe.until(({ status, body }) => status === 200 && body === "green");
});

test("SIGTERM stops dev and its Envoy", async () => {
  assert.equal(await dev.end("SIGTERM"), 0);
  await assert.rejects(probe.get(), { code: "ECONNREFUSED" });
});
